#include "weights.h"

namespace cnn {

CNN_KERNEL(RmsProp, RmsPropParams) {
  return updateWeights(call, params, RmsPropRule{params.alpha, params.epsilon, params.momentum});
}

}  // namespace cnn
