// Two numbers to one; comparisons give 1 or 0.
#pragma once

namespace cnn {
namespace {
namespace functors {

#define CNN_BINARY_FUNCTOR(name, expression)                    \
  struct name {                                                 \
    static float apply(float a, float b) { return expression; } \
  }

CNN_BINARY_FUNCTOR(Add, a + b);
CNN_BINARY_FUNCTOR(Sub, a - b);
CNN_BINARY_FUNCTOR(Multiply, a* b);
CNN_BINARY_FUNCTOR(RealDiv, a / b);
// A NaN on either side is the result, as in JavaScript's Math.max.
CNN_BINARY_FUNCTOR(Maximum, a > b || a != a ? a : b);
CNN_BINARY_FUNCTOR(Minimum, a < b || a != a ? a : b);
CNN_BINARY_FUNCTOR(SquaredDifference, (a - b) * (a - b));

CNN_BINARY_FUNCTOR(Equal, a == b ? 1.0f : 0.0f);
CNN_BINARY_FUNCTOR(NotEqual, a != b ? 1.0f : 0.0f);
CNN_BINARY_FUNCTOR(Greater, a > b ? 1.0f : 0.0f);
CNN_BINARY_FUNCTOR(GreaterEqual, a >= b ? 1.0f : 0.0f);
CNN_BINARY_FUNCTOR(Less, a < b ? 1.0f : 0.0f);
CNN_BINARY_FUNCTOR(LessEqual, a <= b ? 1.0f : 0.0f);

}  // namespace functors
}  // namespace
}  // namespace cnn
