#include <stdexcept>

#include "../libraries/cublaslt_functions.h"

namespace cnn::cuda {

void check(cublasStatus_t status, const std::string& what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error("cuBLASLt refused " + what + ": " +
                           cublasLt().cublasLtGetStatusName(status));
}

}  // namespace cnn::cuda
