// Two numbers to one, a line for each: its name and its expression of a and b. A NaN on either side
// is the result of Maximum and Minimum, as in JavaScript's Math.max. Comparisons give 1 or 0.
#pragma once
#include "bf16.h"

// clang-format off: one line for each
#define CNN_ARITHMETIC_FUNCTIONS(X) \
  X(Add, a + b) \
  X(Sub, a - b) \
  X(Multiply, a * b) \
  X(RealDiv, a / b) \
  X(Maximum, a > b || a != a ? a : b) \
  X(Minimum, a < b || a != a ? a : b) \
  X(SquaredDifference, (a - b) * (a - b))

#define CNN_COMPARISONS(X) \
  X(Equal, a == b ? 1.0f : 0.0f) \
  X(NotEqual, a != b ? 1.0f : 0.0f) \
  X(Greater, a > b ? 1.0f : 0.0f) \
  X(GreaterEqual, a >= b ? 1.0f : 0.0f) \
  X(Less, a < b ? 1.0f : 0.0f) \
  X(LessEqual, a <= b ? 1.0f : 0.0f)
// clang-format on

namespace cnn {
namespace {
namespace functors {

#define CNN_FUNCTOR(name, expression)                                           \
  struct name {                                                                 \
    CNN_HOST_DEVICE static float apply(float a, float b) { return expression; } \
  };
CNN_ARITHMETIC_FUNCTIONS(CNN_FUNCTOR)
CNN_COMPARISONS(CNN_FUNCTOR)
#undef CNN_FUNCTOR

}  // namespace functors
}  // namespace
}  // namespace cnn
