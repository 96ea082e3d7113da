#include "weights.h"

namespace cnn {

CNN_CUDA_KERNEL(RmsProp, RmsPropParams) {
  return cuda::updateAll(call, params, RmsPropRule{params.alpha, params.epsilon, params.momentum});
}

}  // namespace cnn
