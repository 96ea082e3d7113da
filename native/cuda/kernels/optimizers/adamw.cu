// AdamW as in PyTorch (Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019).
#include "adam.h"

namespace cnn {
namespace {

struct AdamWRule {
  static constexpr int kState = 2;
  __device__ void update(float& w, float* state, float g, const cuda::Weight& weight) const {
    moments.update(state, g);
    w = (1 - weight.lr * weight.decay) * w - weight.lr * moments.step(state);
  }
  cuda::Moments moments;
};

}  // namespace

CNN_CUDA_KERNEL(AdamW, AdamParams) {
  return cuda::updateAll(call, params, AdamWRule{cuda::Moments(params)});
}

}  // namespace cnn
