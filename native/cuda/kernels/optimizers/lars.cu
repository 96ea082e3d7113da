// LARS: momentum whose steps are as long as a share of the weight.
#include "norms.h"

namespace cnn {
namespace {

using namespace cuda;

struct LarsRule {
  static constexpr int kState = 1;
  __device__ void add(const Weight& weight, int64_t i, float g, Squares& squares) const {
    cuda::add(squares, weight.w[i], g);
  }
  __device__ float factor(const Weight& weight, const Squares& squares) const {
    return step.ratio(squares.first, squares.second, weight.decay);
  }
  __device__ void update(float& w, float* state, float g, const Weight& weight) const {
    step.update(w, state, g, weight, norms.factors[weight.number]);
  }
  LarsStep step;
  Norms norms;
};

}  // namespace

CNN_CUDA_KERNEL(Lars, LarsParams) {
  return updateByNorms<LarsRule>(
      call, params, [&](const Norms& norms) { return LarsRule{LarsStep(params), norms}; });
}

}  // namespace cnn
