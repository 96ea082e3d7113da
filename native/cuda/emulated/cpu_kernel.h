// Kernels of the CPU in place of cuDNN and cuBLASLt.
#pragma once
#include <string>
#include <vector>

#include "cuda/gpu.h"
#include "cuda/product_types.h"

namespace cnn::cuda::emulated {

// Values on the emulated device; none where `raw` is null.
struct Values {
  const void* raw;
  DType type;
  int64_t size;
};

struct CpuCall {
  const char* kernel;
  std::vector<int32_t> parameters;
  // The factors, and a bias. With `tf32` factors in float32 are rounded to TF32.
  std::vector<Values> inputs;
  bool tf32;
  // `result.raw` is written: in float32, then rounded once to its type.
  Values result;
};

// Enqueues the kernel on the context's stream.
void runOnCpu(const Context& context, CpuCall call);

// The words of a struct of parameters.
template <class Params>
std::vector<int32_t> wordsOf(const Params& params) {
  const auto* words = reinterpret_cast<const int32_t*>(&params);
  return {words, words + sizeof(Params) / sizeof(int32_t)};
}

}  // namespace cnn::cuda::emulated
