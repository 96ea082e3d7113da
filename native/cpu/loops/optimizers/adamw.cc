// AdamW as in PyTorch (Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019).
#include <cmath>

#include "weights.h"

namespace cnn {
namespace {

struct AdamWRule {
  static constexpr int kState = 2;
  float beta1, beta2, epsilon, kept, rate, root, scale;

  AdamWRule(const AdamParams& params, float lr, float decay, float scale)
      : beta1(params.beta1),
        beta2(params.beta2),
        epsilon(params.epsilon),
        kept(1 - lr * decay),
        rate(lr / params.correction1),
        root(1 / std::sqrt(params.correction2)),
        scale(scale) {}
  template <class G>
  void update(float* __restrict w, float* const* state, const G* __restrict g,
              int64_t count) const {
    float* __restrict m = state[0];
    float* __restrict v = state[1];
    for (int64_t i = 0; i < count; i++) {
      float gradient = scaled(toFloat(g[i]), scale);
      float mean = beta1 * m[i] + (1 - beta1) * gradient;
      float square = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      m[i] = mean;
      v[i] = square;
      w[i] = kept * w[i] - rate * mean / (std::sqrt(square) * root + epsilon);
    }
  }
};

}  // namespace

CNN_KERNEL(AdamW, AdamParams) { return updateWeights<AdamWRule>(call, params); }

}  // namespace cnn
