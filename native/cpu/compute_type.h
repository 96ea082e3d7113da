#pragma once
#include "tensor.h"

namespace cnn {

// The type to compute in for values stored as `storage`: bfloat16 only where the machine has bf16
// matrix units. AVX512_BF16 alone was measured at half the float32 rate (bench/README.md).
DType computeType(DType storage);

}  // namespace cnn
