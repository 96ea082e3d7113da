#pragma once
#include "kernel.h"

namespace cnn {

// The type to compute in for values stored as `storage` by the fixed table: bfloat16 only where the
// machine has bf16 matrix units. AVX512_BF16 alone was measured at half the float32 rate on an
// Intel Xeon (docs/kernels.md).
DType computeType(DType storage);

// Whether the processor has instructions that multiply bfloat16.
bool multipliesBf16();

// Whether a candidate that computes in `type` takes values stored as `storage`: by the fixed table,
// or, where it is chosen, if the machine multiplies in that type.
bool computesIn(const Call& call, DType type, DType storage);

}  // namespace cnn
