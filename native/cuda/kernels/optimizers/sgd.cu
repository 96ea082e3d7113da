// Stochastic gradient descent with momentum.
#include "weights.h"

namespace cnn {

CNN_CUDA_KERNEL(Sgd, SgdParams) {
  const bool nesterov = params.nesterov != 0;
  if (params.caffe) return cuda::updateAll(call, params, CaffeRule{params.momentum, nesterov});
  return cuda::updateAll(call, params, PyTorchRule{params.momentum, nesterov});
}

}  // namespace cnn
