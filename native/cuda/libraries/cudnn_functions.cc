#include "cudnn_functions.h"

#include <stdexcept>

#include "shared_library.h"

namespace cnn::cuda {
namespace {

// Of cuDNN 9.8: it can plan by the properties of a device.
constexpr size_t kOldestVersion = 90800;

CudnnFunctions open() {
  // cuDNN compiles fused kernels by nvrtc, which does not find its own second half.
  openIfThere("libnvrtc-builtins.so.13.0");
  openIfThere("libnvrtc.so.13");
  openIfThere("libcublasLt.so.13");
  void* library = openLibrary("libcudnn.so.9");
  CudnnFunctions functions;
#define CNN_FUNCTION(name) \
  functions.name = reinterpret_cast<decltype(&::name)>(findFunction(library, #name));
  CNN_CUDNN_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION
  if (functions.cudnnGetVersion() < kOldestVersion) {
    throw std::runtime_error("Expected cuDNN 9.8 or newer but found version " +
                             std::to_string(functions.cudnnGetVersion()) +
                             ": run bin/setup --cuda");
  }
  return functions;
}

}  // namespace

const CudnnFunctions& cudnn() {
  static const CudnnFunctions functions = open();
  return functions;
}

}  // namespace cnn::cuda
