#include "numbers.h"

#include <cmath>
#include <cstring>

namespace cnn {
namespace {

// Rounding of float32 sums in another order stays far below, one wrong tap is far above.
constexpr double kFloatTolerance = 2e-3;
constexpr double kBf16Tolerance = 0.1;

float uniform(uint32_t bits) {
  bits ^= bits >> 16;
  bits *= 0x7feb352d;
  bits ^= bits >> 15;
  bits *= 0x846ca68b;
  bits ^= bits >> 16;
  return static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f;
}

template <class T>
void fill(T* values, int64_t size, uint32_t seed) {
  const uint32_t from = seed * 0x9e3779b9;
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < size; i++) {
    values[i] = fromFloat<T>(uniform(static_cast<uint32_t>(i) + from));
  }
}

float valueAt(const Tensor& tensor, int64_t i) {
  if (tensor.dtype == DType::BFloat16) return toFloat(static_cast<const bf16*>(tensor.raw())[i]);
  return static_cast<const float*>(tensor.raw())[i];
}

}  // namespace

void fillRandomly(const Tensor& tensor, uint32_t seed) {
  if (tensor.dtype == DType::Float32) {
    fill(tensor.data<float>(), tensor.size, seed);
  } else if (tensor.dtype == DType::BFloat16) {
    fill(static_cast<bf16*>(tensor.raw()), tensor.size, seed);
  } else {
    std::memset(tensor.raw(), 0, tensor.bytes());
  }
}

bool agree(const Tensor& result, const Tensor& wanted, DType storage) {
  double squares = 0, largest = 0;
  bool finite = true;
#pragma omp parallel for schedule(static) reduction(+ : squares) reduction(max : largest) \
    reduction(&& : finite)
  for (int64_t i = 0; i < wanted.size; i++) {
    const double value = valueAt(wanted, i), difference = std::fabs(valueAt(result, i) - value);
    squares += value * value;
    largest = std::fmax(largest, difference);
    finite = finite && std::isfinite(difference);
  }
  const double scale = std::sqrt(squares / static_cast<double>(wanted.size));
  const double tolerance = storage == DType::BFloat16 ? kBf16Tolerance : kFloatTolerance;
  return finite && largest <= tolerance * scale;
}

}  // namespace cnn
