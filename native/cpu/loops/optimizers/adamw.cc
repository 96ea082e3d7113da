#include "weights.h"

namespace cnn {

CNN_KERNEL(AdamW, AdamParams) { return updateWeights(call, params, AdamWRule{Moments(params)}); }

}  // namespace cnn
