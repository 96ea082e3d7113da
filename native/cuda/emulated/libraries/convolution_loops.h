// A convolution in plain loops, in the order in which cuDNN is told of it.
#pragma once
#include <cstdint>

#include "tensor.h"

namespace cnn::cuda::emulated {

struct LoopTensor {
  DType type;
  int64_t sizes[4];  // images: N, C, H, W; filters: K, C / groups, R, S; memory has channels last
};

struct LoopConvolution {
  enum : int64_t { Forward, InputGrad, FilterGrad } pass;
  LoopTensor x, filter, y;
  int64_t stride[2], dilation[2], padBefore[2];
  bool bias, relu;
  bool tf32;  // factors in float32 are rounded to TF32
};

// Writes y, x or filter, as `pass` says.
void compute(const LoopConvolution& convolution, void* x, void* filter, const float* bias, void* y);

}  // namespace cnn::cuda::emulated
