// What a context keeps of cuDNN and cuBLASLt.
#pragma once
#include "../cudnn/target.h"
#include "../libraries/cublaslt_functions.h"
#include "../tuning/choices.h"
#include "cuda/gpu.h"

namespace cnn::cuda {

struct Libraries {
  explicit Libraries(const Gpu& gpu);
  ~Libraries();
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  cudnnHandle_t cudnn = nullptr;
  cublasLtHandle_t cublasLt = nullptr;
  Target target;
  Choices choices;
};

// Opens the libraries at the first call.
Libraries& librariesOf(Context& context);

// Memory for use within one call, aligned as that of cudaMalloc; null for none.
void* workspaceOf(Context& context, size_t bytes);

}  // namespace cnn::cuda
