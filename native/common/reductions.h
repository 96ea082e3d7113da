// How two values become one, from a value that changes none. A NaN is the result of Maximum and
// Minimum.
#pragma once
#include "bf16.h"

namespace cnn {
namespace {

struct SumOf {
  static constexpr float kIdentity = 0.0f;
  template <class T>
  CNN_HOST_DEVICE static T combine(T a, T b) {
    return a + b;
  }
};
struct ProductOf {
  static constexpr float kIdentity = 1.0f;
  template <class T>
  CNN_HOST_DEVICE static T combine(T a, T b) {
    return a * b;
  }
};
struct MaximumOf {
  static constexpr float kIdentity = -__builtin_huge_valf();
  template <class T>
  CNN_HOST_DEVICE static T combine(T a, T b) {
    return b > a || b != b ? b : a;
  }
};
struct MinimumOf {
  static constexpr float kIdentity = __builtin_huge_valf();
  template <class T>
  CNN_HOST_DEVICE static T combine(T a, T b) {
    return b < a || b != b ? b : a;
  }
};

}  // namespace
}  // namespace cnn
