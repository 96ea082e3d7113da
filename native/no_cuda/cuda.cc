#include "cuda/cuda.h"

#include <stdexcept>

namespace cnn {
namespace {
// CMake says why.
constexpr const char* kMissing = "the addon was built without CUDA, because " CNN_CUDA_MISSING;
}  // namespace

std::unique_ptr<Engine> openCuda(const CudaOptions&) { throw std::runtime_error(kMissing); }

std::vector<std::string> describeCuda() { throw std::runtime_error(kMissing); }

std::string describeNvjpeg() { throw std::runtime_error(kMissing); }

}  // namespace cnn
