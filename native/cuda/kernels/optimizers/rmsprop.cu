// RMSprop with momentum as in PyTorch: g += decay * w; s = alpha * s + (1 - alpha) * g²;
// m = momentum * m + g / (√s + epsilon); w -= lr * m.
#include <cmath>

#include "weights.h"

namespace cnn {
namespace {

struct RmsPropRule {
  static constexpr int kState = 2;
  __device__ void update(float& w, float* state, float g, const cuda::Weight& weight) const {
    const float gradient = g + weight.decay * w;
    state[0] = alpha * state[0] + (1 - alpha) * gradient * gradient;
    state[1] = momentum * state[1] + gradient / (sqrtf(state[0]) + epsilon);
    w -= weight.lr * state[1];
  }
  float alpha, epsilon, momentum;
};

}  // namespace

CNN_CUDA_KERNEL(RmsProp, RmsPropParams) {
  return cuda::updateAll(call, params, RmsPropRule{params.alpha, params.epsilon, params.momentum});
}

}  // namespace cnn
