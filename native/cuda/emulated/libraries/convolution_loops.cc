#include "convolution_loops.h"

#include <vector>

#include "../tf32.h"

namespace cnn::cuda::emulated {
namespace {

int64_t sizeOf(const LoopTensor& tensor) {
  const int64_t* s = tensor.sizes;
  return s[0] * s[1] * s[2] * s[3];
}

std::vector<double> read(const LoopTensor& tensor, const void* values, bool tf32) {
  std::vector<double> result(static_cast<size_t>(sizeOf(tensor)));
  for (size_t i = 0; i < result.size(); i++) {
    if (tensor.type == DType::BFloat16) {
      result[i] = toFloat(static_cast<const bf16*>(values)[i]);
    } else {
      const float value = static_cast<const float*>(values)[i];
      result[i] = tf32 ? roundToTf32(value) : value;
    }
  }
  return result;
}

void write(const LoopTensor& tensor, const std::vector<double>& from, void* values) {
  for (size_t i = 0; i < from.size(); i++) {
    const auto value = static_cast<float>(from[i]);
    if (tensor.type == DType::BFloat16) {
      static_cast<bf16*>(values)[i] = fromFloat<bf16>(value);
    } else {
      static_cast<float*>(values)[i] = value;
    }
  }
}

int64_t at(const LoopTensor& tensor, int64_t n, int64_t c, int64_t h, int64_t w) {
  const int64_t* s = tensor.sizes;
  return ((n * s[2] + h) * s[3] + w) * s[1] + c;
}

// Calls body with the places in x, filter and y of every multiplication.
template <class Body>
void forEachProduct(const LoopConvolution& p, const Body& body) {
  const int64_t* y = p.y.sizes;
  const int64_t* f = p.filter.sizes;
  const int64_t groups = p.x.sizes[1] / f[1];
  for (int64_t n = 0; n < y[0]; n++) {
    for (int64_t row = 0; row < y[2] * f[2]; row++) {
      const int64_t out = row / f[2], tap = row % f[2];
      const int64_t in = out * p.stride[0] + tap * p.dilation[0] - p.padBefore[0];
      if (in < 0 || in >= p.x.sizes[2]) continue;
      for (int64_t column = 0; column < y[3] * f[3]; column++) {
        const int64_t outX = column / f[3], tapX = column % f[3];
        const int64_t inX = outX * p.stride[1] + tapX * p.dilation[1] - p.padBefore[1];
        if (inX < 0 || inX >= p.x.sizes[3]) continue;
        for (int64_t k = 0; k < f[0]; k++) {
          const int64_t first = k / (f[0] / groups) * f[1];
          for (int64_t c = 0; c < f[1]; c++) {
            body(static_cast<size_t>(at(p.x, n, first + c, in, inX)),
                 static_cast<size_t>(at(p.filter, k, c, tap, tapX)),
                 static_cast<size_t>(at(p.y, n, k, out, outX)));
          }
        }
      }
    }
  }
}

void finish(const LoopConvolution& p, const float* bias, std::vector<double>& y) {
  const auto channels = static_cast<size_t>(p.y.sizes[1]);
  for (size_t i = 0; i < y.size(); i++) {
    if (p.bias) y[i] += bias[i % channels];
    if (p.relu && y[i] < 0) y[i] = 0;
  }
}

}  // namespace

void compute(const LoopConvolution& p, void* x, void* filter, const float* bias, void* y) {
  using Values = std::vector<double>;
  const auto zeros = [](const LoopTensor& tensor) {
    return Values(static_cast<size_t>(sizeOf(tensor)));
  };
  if (p.pass == LoopConvolution::Forward) {
    const Values a = read(p.x, x, p.tf32), b = read(p.filter, filter, p.tf32);
    Values c = zeros(p.y);
    forEachProduct(p, [&](size_t i, size_t j, size_t k) { c[k] += a[i] * b[j]; });
    finish(p, bias, c);
    write(p.y, c, y);
  } else if (p.pass == LoopConvolution::InputGrad) {
    const Values a = read(p.y, y, p.tf32), b = read(p.filter, filter, p.tf32);
    Values c = zeros(p.x);
    forEachProduct(p, [&](size_t i, size_t j, size_t k) { c[i] += a[k] * b[j]; });
    write(p.x, c, x);
  } else {
    const Values a = read(p.x, x, p.tf32), b = read(p.y, y, p.tf32);
    Values c = zeros(p.filter);
    forEachProduct(p, [&](size_t i, size_t j, size_t k) { c[j] += a[i] * b[k]; });
    write(p.filter, c, filter);
  }
}

}  // namespace cnn::cuda::emulated
