// The functions of cuDNN 9 that we call.
#pragma once
#include <cudnn.h>

#include <string>

namespace cnn::cuda {

struct CudnnFunctions {
#define CNN_CUDNN_FUNCTIONS(X)     \
  X(cudnnGetVersion)               \
  X(cudnnGetErrorString)           \
  X(cudnnGetLastErrorString)       \
  X(cudnnCreate)                   \
  X(cudnnDestroy)                  \
  X(cudnnSetStream)                \
  X(cudnnBackendCreateDescriptor)  \
  X(cudnnBackendDestroyDescriptor) \
  X(cudnnBackendSetAttribute)      \
  X(cudnnBackendGetAttribute)      \
  X(cudnnBackendFinalize)          \
  X(cudnnBackendExecute)
#define CNN_FUNCTION(name) decltype(&::name) name;
  CNN_CUDNN_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION
};

// Opens cuDNN and what its engines need at the first call.
const CudnnFunctions& cudnn();

// What cuDNN says of its last failure; empty where it says nothing.
std::string lastError();

// Throws what cuDNN says of a failure; `what` names what failed: "the plan".
void check(cudnnStatus_t status, const std::string& what);

}  // namespace cnn::cuda
