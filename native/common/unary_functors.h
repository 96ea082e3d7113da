// One number to one number. NaN stays NaN, except in Sign, where tfjs has 0.
#pragma once
#include "vector_math.h"

namespace cnn {
namespace {
namespace functors {

#define CNN_UNARY_FUNCTOR(name, expression)            \
  struct name {                                        \
    static float apply(float x) { return expression; } \
  }

CNN_UNARY_FUNCTOR(Abs, __builtin_fabsf(x));
CNN_UNARY_FUNCTOR(Ceil, __builtin_ceilf(x));
CNN_UNARY_FUNCTOR(Exp, expOf(x));
CNN_UNARY_FUNCTOR(Floor, __builtin_floorf(x));
CNN_UNARY_FUNCTOR(Log, logOf(x));
CNN_UNARY_FUNCTOR(Neg, -x);
CNN_UNARY_FUNCTOR(Reciprocal, 1.0f / x);
CNN_UNARY_FUNCTOR(Relu, x < 0.0f ? 0.0f : x);
CNN_UNARY_FUNCTOR(Relu6, x < 0.0f ? 0.0f : (x > 6.0f ? 6.0f : x));
CNN_UNARY_FUNCTOR(Rsqrt, 1.0f / __builtin_sqrtf(x));
CNN_UNARY_FUNCTOR(ScaledTanh, 1.7159f * tanhOf((2.0f / 3) * x));
CNN_UNARY_FUNCTOR(Sigmoid, 1.0f / (1.0f + expOf(-x)));
CNN_UNARY_FUNCTOR(Sign, x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : 0.0f));
CNN_UNARY_FUNCTOR(Sqrt, __builtin_sqrtf(x));
CNN_UNARY_FUNCTOR(Square, x* x);
CNN_UNARY_FUNCTOR(Step, x > 0.0f ? 1.0f : (x == x ? 0.0f : x));
CNN_UNARY_FUNCTOR(Tanh, tanhOf(x));

}  // namespace functors
}  // namespace
}  // namespace cnn
