// Stochastic gradient descent with momentum.
#include "weights.h"

namespace cnn {
namespace {

// PyTorch's rule: g += decay * w; m = momentum * m + g; w -= lr * (nesterov ? g + momentum * m : m)
struct PyTorchRule {
  static constexpr int kState = 1;
  __device__ void update(float& w, float* state, float g, const cuda::Weight& weight) const {
    const float gradient = g + weight.decay * w;
    state[0] = momentum * state[0] + gradient;
    w -= weight.lr * (nesterov ? gradient + momentum * state[0] : state[0]);
  }
  float momentum;
  bool nesterov;
};

// Krizhevsky et al., 2012, section 5, and Caffe: v = momentum * v - lr * (g + decay * w); w += v.
// With Nesterov's momentum, in Caffe, w += (1 + momentum) * v - momentum * old v.
struct CaffeRule {
  static constexpr int kState = 1;
  __device__ void update(float& w, float* state, float g, const cuda::Weight& weight) const {
    const float old = state[0];
    const float velocity = momentum * old - weight.lr * (g + weight.decay * w);
    state[0] = velocity;
    w += nesterov ? velocity + momentum * (velocity - old) : velocity;
  }
  float momentum;
  bool nesterov;
};

}  // namespace

CNN_CUDA_KERNEL(Sgd, SgdParams) {
  const bool nesterov = params.nesterov != 0;
  if (params.caffe) return cuda::updateAll(call, params, CaffeRule{params.momentum, nesterov});
  return cuda::updateAll(call, params, PyTorchRule{params.momentum, nesterov});
}

}  // namespace cnn
