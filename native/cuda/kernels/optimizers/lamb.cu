// LAMB (You et al., "Large Batch Optimization for Deep Learning", 2020, algorithm 2): AdamW's step,
// whose size is that of the weight. As in timm a weight without decay is not rescaled.
#include "norms.h"

namespace cnn {
namespace {

using namespace cuda;

struct LambRule {
  static constexpr int kState = 2;
  // Changes the moments of an element, and adds the squares of its weight and step.
  __device__ void add(const Weight& weight, int64_t i, float g, Squares& squares) const {
    float state[2] = {weight.state[0][i], weight.state[1][i]};
    moments.update(state[0], state[1], g);
    weight.state[0][i] = state[0];
    weight.state[1][i] = state[1];
    const float w = weight.w[i];
    cuda::add(squares, w, step(w, state, weight));
  }
  __device__ float factor(const Weight& weight, const Squares& squares) const {
    const bool adapts = weight.decay != 0 && squares.first > 0 && squares.second > 0;
    return adapts ? static_cast<float>(sqrt(squares.first / squares.second)) : 1.0f;
  }
  // The moments are those of this step already.
  __device__ void update(float& w, float* state, float, const Weight& weight) const {
    w -= weight.lr * norms.factors[weight.number] * step(w, state, weight);
  }
  __device__ float step(float w, const float* state, const Weight& weight) const {
    return moments.step(state[0], state[1]) + weight.decay * w;
  }
  Moments moments;
  Norms norms;
};

}  // namespace

CNN_CUDA_KERNEL(Lamb, AdamParams) {
  return updateByNorms<LambRule>(
      call, params, [&](const Norms& norms) { return LambRule{Moments(params), norms}; });
}

}  // namespace cnn
