#include "cublaslt_functions.h"

#include "shared_library.h"

namespace cnn::cuda {
namespace {

CublasLtFunctions open() {
  void* library = openLibrary("libcublasLt.so.13");
  CublasLtFunctions functions;
#define CNN_FUNCTION(name) \
  functions.name = reinterpret_cast<decltype(&::name)>(findFunction(library, #name));
  CNN_CUBLASLT_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION
  return functions;
}

}  // namespace

const CublasLtFunctions& cublasLt() {
  static const CublasLtFunctions functions = open();
  return functions;
}

}  // namespace cnn::cuda
