// The largest size of a tensor's values, and a ReLU in place: what the oneDNN kernels need loops
// for.
#pragma once
#include "kernel.h"

namespace cnn {

// The functions for one instruction set.
struct MagnitudeLoops {
  // The largest absolute value: infinity or NaN where one is infinite or NaN.
  float (*largest)(const Tensor& values);
  // In place; a NaN stays one.
  void (*relu)(void* values, DType type, int64_t size);
};

const MagnitudeLoops& magnitudeLoopsFor(Isa isa);

}  // namespace cnn
