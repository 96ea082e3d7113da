// Opens a GPU as an engine; no_cuda/cuda.cc answers where the addon was built without CUDA.
#pragma once
#include "engine.h"

namespace cnn {

struct CudaOptions {
  int device = 0;
  bool tf32 = false;
  bool deterministic = true;
};

std::unique_ptr<Engine> openCuda(const CudaOptions& options);
// A line for each GPU; throws why there is none.
std::vector<std::string> describeCuda();
// The version of the library that decodes JPEGs; throws why there is none.
std::string describeNvjpeg();

}  // namespace cnn
