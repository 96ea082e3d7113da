// The types in which a convolution or a matrix product is computed.
#pragma once
#include "../tensor.h"

namespace cnn::cuda {

// Sums are float32 always.
struct ProductTypes {
  DType values = DType::Float32;  // both factors: Float32 or BFloat16
  DType result = DType::Float32;  // Float32, or the type of the factors
  bool tf32 = false;              // may factors of Float32 be rounded to TF32?
};

}  // namespace cnn::cuda
