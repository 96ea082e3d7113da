#include "nvjpeg_functions.h"

#include "shared_library.h"

namespace cnn::cuda::nvjpeg {
namespace {

Functions open() {
  void* library = openLibrary("libnvjpeg.so.13");
  Functions functions;
#define CNN_FUNCTION(name, ...) \
  functions.name = reinterpret_cast<decltype(functions.name)>(findFunction(library, #name));
  CNN_NVJPEG_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION
  return functions;
}

}  // namespace

const Functions& functions() {
  static const Functions functions = open();
  return functions;
}

}  // namespace cnn::cuda::nvjpeg
