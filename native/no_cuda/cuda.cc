#include "cuda/cuda.h"

#include <stdexcept>

namespace cnn {

std::unique_ptr<Engine> openCuda(const CudaOptions&) {
  throw std::runtime_error("the addon was built without CUDA");
}

std::vector<std::string> describeCuda() {
  throw std::runtime_error("the addon was built without CUDA");
}

}  // namespace cnn
