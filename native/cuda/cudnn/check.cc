#include <stdexcept>

#include "../libraries/cudnn_functions.h"

namespace cnn::cuda {

std::string lastError() {
  char details[1024] = "";
  cudnn().cudnnGetLastErrorString(details, sizeof details);
  return details;
}

void check(cudnnStatus_t status, const std::string& what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const std::string details = lastError();
  throw std::runtime_error("cuDNN refused " + what + ": " + cudnn().cudnnGetErrorString(status) +
                           (details.empty() ? "" : ": ") + details);
}

}  // namespace cnn::cuda
