// Two numbers to one, a line for each: its name, its types (binary_types.h) and its expression of a
// and b. A NaN on either side is the result of Maximum and Minimum, as in JavaScript's Math.max.
// Comparisons give 1 or 0.
#pragma once
#include "bf16.h"

// clang-format off: one line for each
#define CNN_BINARY_FUNCTIONS(X) \
  X(Add, Arithmetic, a + b) \
  X(Sub, Arithmetic, a - b) \
  X(Multiply, Arithmetic, a * b) \
  X(RealDiv, Arithmetic, a / b) \
  X(Maximum, Arithmetic, a > b || a != a ? a : b) \
  X(Minimum, Arithmetic, a < b || a != a ? a : b) \
  X(SquaredDifference, Arithmetic, (a - b) * (a - b)) \
  X(Equal, Comparison, a == b ? 1.0f : 0.0f) \
  X(NotEqual, Comparison, a != b ? 1.0f : 0.0f) \
  X(Greater, Comparison, a > b ? 1.0f : 0.0f) \
  X(GreaterEqual, Comparison, a >= b ? 1.0f : 0.0f) \
  X(Less, Comparison, a < b ? 1.0f : 0.0f) \
  X(LessEqual, Comparison, a <= b ? 1.0f : 0.0f)
// clang-format on

namespace cnn {
namespace {
namespace functors {

#define CNN_FUNCTOR(name, types, expression)                                    \
  struct name {                                                                 \
    CNN_HOST_DEVICE static float apply(float a, float b) { return expression; } \
  };
CNN_BINARY_FUNCTIONS(CNN_FUNCTOR)
#undef CNN_FUNCTOR

}  // namespace functors
}  // namespace
}  // namespace cnn
