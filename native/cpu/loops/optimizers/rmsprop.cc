// RMSprop with momentum as in PyTorch: g += decay * w; s = alpha * s + (1 - alpha) * g²;
// m = momentum * m + g / (√s + epsilon); w -= lr * m.
#include <cmath>

#include "weights.h"

namespace cnn {
namespace {

struct RmsPropRule {
  static constexpr int kState = 2;
  float alpha, epsilon, momentum, lr, decay, scale;

  RmsPropRule(const RmsPropParams& params, float lr, float decay, float scale)
      : alpha(params.alpha),
        epsilon(params.epsilon),
        momentum(params.momentum),
        lr(lr),
        decay(decay),
        scale(scale) {}
  template <class G>
  void update(float* __restrict w, float* const* state, const G* __restrict g,
              int64_t count) const {
    float* __restrict s = state[0];
    float* __restrict m = state[1];
    for (int64_t i = 0; i < count; i++) {
      float gradient = scaled(toFloat(g[i]), scale) + decay * w[i];
      float square = alpha * s[i] + (1 - alpha) * gradient * gradient;
      float velocity = momentum * m[i] + gradient / (std::sqrt(square) + epsilon);
      s[i] = square;
      m[i] = velocity;
      w[i] -= lr * velocity;
    }
  }
};

}  // namespace

CNN_KERNEL(RmsProp, RmsPropParams) { return updateWeights<RmsPropRule>(call, params); }

}  // namespace cnn
