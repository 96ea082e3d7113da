// Stochastic gradient descent with momentum.
#include "weights.h"

namespace cnn {

CNN_KERNEL(Sgd, SgdParams) {
  const bool nesterov = params.nesterov != 0;
  if (params.caffe) return updateWeights(call, params, CaffeRule{params.momentum, nesterov});
  return updateWeights(call, params, PyTorchRule{params.momentum, nesterov});
}

}  // namespace cnn
