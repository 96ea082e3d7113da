// LAMB (You et al., "Large Batch Optimization for Deep Learning", 2020, algorithm 2): AdamW's step,
// whose size is that of the weight. As in timm a weight without decay is not rescaled.
#include <cmath>

#include "norms.h"

namespace cnn {
namespace {

using LambWeights = Weights<2, AdamParams>;

struct Step {
  float operator()(float w, float m, float v) const { return moments.step(m, v) + decay * w; }
  Moments moments;
  float decay;
};

template <class G>
void updateMoments(float* __restrict m, float* __restrict v, const G* __restrict g, int64_t count,
                   const Moments& moments, float scale) {
  for (int64_t i = 0; i < count; i++) moments.update(m[i], v[i], scaled(toFloat(g[i]), scale));
}

// The moments of a range, and the squares of its weights and steps, which are added to `squares`.
void beginRange(const LambWeights& weights, int weight, int64_t begin, int64_t end,
                double* squares) {
  const float* w = valuesOf<float>(weights.w(weight));
  float *m = weights.state(weight, 0), *v = weights.state(weight, 1);
  const Step step = {Moments(weights.params), weights.decay[weight]};
  for (int64_t first = begin; first < end; first += kPiece) {
    const int64_t count = end - first < kPiece ? end - first : kPiece;
    withGradient(weights.g(weight), first, [&](const auto* g) {
      updateMoments(m + first, v + first, g, count, step.moments, weights.gradientScale);
    });
    if (weights.decay[weight] == 0) continue;
    squares[0] += sumOfSquares(count, [&](int64_t i) { return w[first + i]; });
    squares[1] += sumOfSquares(
        count, [&](int64_t i) { return step(w[first + i], m[first + i], v[first + i]); });
  }
}

void endRange(const LambWeights& weights, int weight, int64_t begin, int64_t end, float trust) {
  const Step step = {Moments(weights.params), weights.decay[weight]};
  const float rate = weights.lr(weight) * trust;
  eachPiece(weights.w(weight), begin, end, [&](float* __restrict w, int64_t first, int64_t count) {
    const float* __restrict m = weights.state(weight, 0) + first;
    const float* __restrict v = weights.state(weight, 1) + first;
    for (int64_t i = 0; i < count; i++) w[i] -= rate * step(w[i], m[i], v[i]);
  });
}

}  // namespace

CNN_KERNEL(Lamb, AdamParams) {
  const LambWeights weights(call, params);
  byNorms(
      weights,
      [&](int weight, int64_t begin, int64_t end, double* squares) {
        beginRange(weights, weight, begin, end, squares);
      },
      [&](int weight, int64_t begin, int64_t end, double w, double u) {
        const float trust = w > 0 && u > 0 ? static_cast<float>(std::sqrt(w / u)) : 1.0f;
        endRange(weights, weight, begin, end, trust);
      });
  return true;
}

}  // namespace cnn
