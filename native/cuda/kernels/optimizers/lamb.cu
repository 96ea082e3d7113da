// LAMB (You et al., "Large Batch Optimization for Deep Learning", 2020, algorithm 2): AdamW's step,
// whose size is that of the weight. As in timm a weight without decay is not rescaled.
#include "weights.h"

namespace cnn {
namespace {

using namespace cuda;

struct LambRule {
  static constexpr int kState = 2;
  // The moments are those of this step already.
  __device__ void update(float& w, float* state, float, const Weight& weight) const {
    w -= weight.lr * trust[weight.number] * step(w, state, weight);
  }
  __device__ float step(float w, const float* state, const Weight& weight) const {
    return moments.step(state[0], state[1]) + weight.decay * w;
  }
  Moments moments;
  float* trust;     // by weight
  double* squares;  // of weights and of steps, by block
};

// The moments of a block's elements, and the squares of its weights and steps.
__global__ void __launch_bounds__(kBlock)
    updateMoments(const Weights<LambRule> __grid_constant__ all) {
  SHARED(double, shared, kWarp);
  const Weight& weight = all.of[itemOf(all.of, all.count, static_cast<int>(blockIdx.x))];
  const LambRule& rule = all.rule;
  const float scale = all.gradientFactor();
  double ofWeights = 0, ofSteps = 0;
  const auto one = [&](int64_t i) {
    float state[2] = {weight.state[0][i], weight.state[1][i]};
    const float g = floatsAt<1>(weight.g, weight.narrowGradient, i).values[0];
    rule.moments.update(state[0], state[1], scaled(g, scale));
    weight.state[0][i] = state[0];
    weight.state[1][i] = state[1];
    const float w = weight.w[i], step = rule.step(w, state, weight);
    ofWeights += static_cast<double>(w) * static_cast<double>(w);
    ofSteps += static_cast<double>(step) * static_cast<double>(step);
  };
  const auto four = [&](int64_t i) {
    for (int64_t k = i; k < i + 4; k++) one(k);
  };
  eachElement(weight.size, static_cast<int>(blockIdx.x) - weight.firstBlock, four, one);
  ofWeights = blockSum(ofWeights, shared);
  ofSteps = blockSum(ofSteps, shared);
  if (threadIdx.x == 0) {
    rule.squares[2 * blockIdx.x] = ofWeights;
    rule.squares[2 * blockIdx.x + 1] = ofSteps;
  }
}

// A block for each weight.
__global__ void __launch_bounds__(kBlock) findTrust(const Weights<LambRule> __grid_constant__ all) {
  SHARED(double, shared, kWarp);
  const Weight& weight = all.of[blockIdx.x];
  const double* squares = all.rule.squares + 2 * int64_t{weight.firstBlock};
  const int64_t blocks = (weight.size + kPerBlock - 1) / kPerBlock;
  double ofWeights = 0, ofSteps = 0;
  for (int64_t i = threadIdx.x; i < blocks; i += kBlock) {
    ofWeights += squares[2 * i];
    ofSteps += squares[2 * i + 1];
  }
  ofWeights = blockSum(ofWeights, shared);
  ofSteps = blockSum(ofSteps, shared);
  if (threadIdx.x != 0) return;
  const bool adapts = weight.decay != 0 && ofWeights > 0 && ofSteps > 0;
  all.rule.trust[weight.number] = adapts ? static_cast<float>(sqrt(ofWeights / ofSteps)) : 1.0f;
}

}  // namespace

CNN_CUDA_KERNEL(Lamb, AdamParams) {
  const Inputs<2, AdamParams> inputs(call, params);
  int64_t blocks = 0;
  for (size_t i = 0; i < inputs.count; i++) blocks += blocksOf(inputs.plain(i).size);
  const size_t squares = 2 * sizeof(double) * static_cast<size_t>(blocks);
  char* scratch = static_cast<char*>(
      call.context.scratchMemory(squares + sizeof(float) * static_cast<size_t>(inputs.count)));
  const LambRule rule = {Moments(params), reinterpret_cast<float*>(scratch + squares),
                         reinterpret_cast<double*>(scratch)};
  eachLaunch(
      inputs, rule, [&](size_t i) { return inputs.plain(i); },
      [&](const Weights<LambRule>& all, unsigned count) {
        LAUNCH(updateMoments, count, kBlock, streamOf(call), all);
        LAUNCH(findTrust, static_cast<unsigned>(all.count), kBlock, streamOf(call), all);
      });
  eachLaunch(
      inputs, rule, [&](size_t i) { return inputs.changing(i); },
      [&](const Weights<LambRule>& all, unsigned count) {
        LAUNCH(updateWeights<LambRule>, count, kBlock, streamOf(call), all);
      });
  return true;
}

}  // namespace cnn
