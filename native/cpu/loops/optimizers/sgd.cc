// Stochastic gradient descent with momentum.
#include "weights.h"

namespace cnn {
namespace {

struct SgdRule {
  static constexpr int kState = 1;
  float momentum, lr, decay, scale;

  SgdRule(const SgdParams& params, float lr, float decay, float scale)
      : momentum(params.momentum), lr(lr), decay(decay), scale(scale) {}
};

// PyTorch's rule: g += decay * w; m = momentum * m + g; w -= lr * (nesterov ? g + momentum * m : m)
template <bool NESTEROV>
struct PyTorchRule : SgdRule {
  using SgdRule::SgdRule;
  template <class G>
  void update(float* __restrict w, float* const* state, const G* __restrict g,
              int64_t count) const {
    float* __restrict m = state[0];
    for (int64_t i = 0; i < count; i++) {
      float gradient = scaled(toFloat(g[i]), scale) + decay * w[i];
      float velocity = momentum * m[i] + gradient;
      m[i] = velocity;
      w[i] -= lr * (NESTEROV ? gradient + momentum * velocity : velocity);
    }
  }
};

// Krizhevsky et al., 2012, section 5, and Caffe: v = momentum * v - lr * (g + decay * w); w += v.
// With Nesterov's momentum, in Caffe, w += (1 + momentum) * v - momentum * old v.
template <bool NESTEROV>
struct CaffeRule : SgdRule {
  using SgdRule::SgdRule;
  template <class G>
  void update(float* __restrict w, float* const* state, const G* __restrict g,
              int64_t count) const {
    float* __restrict v = state[0];
    for (int64_t i = 0; i < count; i++) {
      float old = v[i];
      float velocity = momentum * old - lr * (scaled(toFloat(g[i]), scale) + decay * w[i]);
      v[i] = velocity;
      w[i] += NESTEROV ? velocity + momentum * (velocity - old) : velocity;
    }
  }
};

}  // namespace

CNN_KERNEL(Sgd, SgdParams) {
  if (params.caffe) {
    return params.nesterov ? updateWeights<CaffeRule<true>>(call, params)
                           : updateWeights<CaffeRule<false>>(call, params);
  }
  return params.nesterov ? updateWeights<PyTorchRule<true>>(call, params)
                         : updateWeights<PyTorchRule<false>>(call, params);
}

}  // namespace cnn
