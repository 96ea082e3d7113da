// The functions of cuBLASLt 13 that we call.
#pragma once
#include <cublasLt.h>

#include <string>

namespace cnn::cuda {

struct CublasLtFunctions {
#define CNN_CUBLASLT_FUNCTIONS(X)         \
  X(cublasLtGetVersion)                   \
  X(cublasLtGetStatusName)                \
  X(cublasLtCreate)                       \
  X(cublasLtDestroy)                      \
  X(cublasLtMatmulDescCreate)             \
  X(cublasLtMatmulDescDestroy)            \
  X(cublasLtMatmulDescSetAttribute)       \
  X(cublasLtMatrixLayoutCreate)           \
  X(cublasLtMatrixLayoutDestroy)          \
  X(cublasLtMatrixLayoutSetAttribute)     \
  X(cublasLtMatmulPreferenceCreate)       \
  X(cublasLtMatmulPreferenceDestroy)      \
  X(cublasLtMatmulPreferenceSetAttribute) \
  X(cublasLtMatmulAlgoGetHeuristic)       \
  X(cublasLtMatmulAlgoCheck)              \
  X(cublasLtMatmul)
#define CNN_FUNCTION(name) decltype(&::name) name;
  CNN_CUBLASLT_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION
};

// Opens cuBLASLt at the first call.
const CublasLtFunctions& cublasLt();

// Throws what cuBLASLt says of a failure; `what` names what failed.
void check(cublasStatus_t status, const std::string& what);

}  // namespace cnn::cuda
