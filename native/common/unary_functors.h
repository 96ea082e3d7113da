// One number to one number, a line for each: its name and its expression of x. NaN stays NaN,
// except in Sign, where tfjs has 0.
#pragma once
#include "vector_math.h"

// clang-format off: one line for each
#define CNN_UNARY_FUNCTIONS(X) \
  X(Abs, __builtin_fabsf(x)) \
  X(Ceil, __builtin_ceilf(x)) \
  X(Exp, expOf(x)) \
  X(Floor, __builtin_floorf(x)) \
  X(Log, logOf(x)) \
  X(Neg, -x) \
  X(Reciprocal, 1.0f / x) \
  X(Relu, x < 0.0f ? 0.0f : x) \
  X(Relu6, x < 0.0f ? 0.0f : (x > 6.0f ? 6.0f : x)) \
  X(Rsqrt, 1.0f / __builtin_sqrtf(x)) \
  X(ScaledTanh, 1.7159f * tanhOf((2.0f / 3) * x)) \
  X(Sigmoid, sigmoidOf(x)) \
  X(Sign, x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : 0.0f)) \
  X(Sqrt, __builtin_sqrtf(x)) \
  X(Square, x * x) \
  X(Step, x > 0.0f ? 1.0f : (x == x ? 0.0f : x)) \
  X(Tanh, tanhOf(x))
// clang-format on

namespace cnn {
namespace {
namespace functors {

#define CNN_FUNCTOR(name, expression)                                  \
  struct name {                                                        \
    CNN_HOST_DEVICE static float apply(float x) { return expression; } \
  };
CNN_UNARY_FUNCTIONS(CNN_FUNCTOR)
#undef CNN_FUNCTOR

}  // namespace functors
}  // namespace
}  // namespace cnn
