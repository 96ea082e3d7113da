#include "weights.h"

namespace cnn {

CNN_CUDA_KERNEL(AdamW, AdamParams) {
  return cuda::updateAll(call, params, AdamWRule{Moments(params)});
}

}  // namespace cnn
