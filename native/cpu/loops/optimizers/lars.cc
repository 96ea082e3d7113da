// LARS: momentum whose steps are as long as a share of the weight.
#include "norms.h"

namespace cnn {
namespace {

using LarsWeights = Weights<1, LarsParams>;

// Of one weight.
struct LarsRule {
  static constexpr int kState = 1;
  void update(float& w, float* state, float g, const Rates& rates) const {
    step.update(w, state, g, rates, ratio);
  }
  LarsStep step;
  float ratio;
};

// The squares of a range of a weight and of its gradient.
void addSquares(const LarsWeights& weights, int weight, int64_t begin, int64_t end,
                double* squares) {
  if (weights.decay[weight] == 0) return;
  const float* w = valuesOf<float>(weights.w(weight)) + begin;
  squares[0] += sumOfSquares(end - begin, [&](int64_t i) { return w[i]; });
  withGradient(weights.g(weight), begin, [&](const auto* g) {
    const float scale = weights.gradientScale;
    squares[1] +=
        sumOfSquares(end - begin, [&](int64_t i) { return scaled(toFloat(g[i]), scale); });
  });
}

}  // namespace

CNN_KERNEL(Lars, LarsParams) {
  const LarsWeights weights(call, params);
  const LarsStep step(params);
  byNorms(
      weights,
      [&](int weight, int64_t begin, int64_t end, double* squares) {
        addSquares(weights, weight, begin, end, squares);
      },
      [&](int weight, int64_t begin, int64_t end, double w, double g) {
        const LarsRule rule = {step, step.ratio(w, g, weights.decay[weight])};
        updateRange(weights, rule, weight, begin, end);
      });
  return true;
}

}  // namespace cnn
