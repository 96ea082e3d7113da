// Optimizers whose steps depend on norms of whole weights.
#pragma once
#include "weights.h"

namespace cnn::cuda {

// Sums of squares.
struct Squares {
  double first = 0, second = 0;
};

// What such a rule needs on the device: a factor for each weight, and sums for each block. A Rule
// has norms, add(weight, i, g, squares), which adds the squares of an element, and factor(weight,
// squares).
struct Norms {
  float* factors;
  Squares* squares;
};

__device__ inline void add(Squares& squares, float first, float second) {
  squares.first += static_cast<double>(first) * static_cast<double>(first);
  squares.second += static_cast<double>(second) * static_cast<double>(second);
}

__device__ inline Squares blockSum(Squares squares, double* shared) {
  return {blockSum(squares.first, shared), blockSum(squares.second, shared)};
}

template <class Rule>
__global__ void __launch_bounds__(kBlock) sumSquares(const Weights<Rule> __grid_constant__ all) {
  SHARED(double, shared, kWarp);
  const Weight& weight = all.of[itemOf(all.of, all.count, static_cast<int>(blockIdx.x))];
  const float scale = all.gradientFactor();
  Squares squares;
  const auto one = [&](int64_t i) {
    const float g = floatsAt<1>(weight.g, weight.narrowGradient, i).values[0];
    all.rule.add(weight, i, scaled(g, scale), squares);
  };
  const auto four = [&](int64_t i) {
    for (int64_t k = i; k < i + 4; k++) one(k);
  };
  eachElement(weight.size, static_cast<int>(blockIdx.x) - weight.firstBlock, four, one);
  squares = blockSum(squares, shared);
  if (threadIdx.x == 0) all.rule.norms.squares[blockIdx.x] = squares;
}

// A block for each weight.
template <class Rule>
__global__ void __launch_bounds__(kBlock) findFactors(const Weights<Rule> __grid_constant__ all) {
  SHARED(double, shared, kWarp);
  const Weight& weight = all.of[blockIdx.x];
  const Squares* ofBlocks = all.rule.norms.squares + weight.firstBlock;
  const int64_t blocks = blocksOf(weight.size);
  Squares squares;
  for (int64_t i = threadIdx.x; i < blocks; i += kBlock) {
    squares.first += ofBlocks[i].first;
    squares.second += ofBlocks[i].second;
  }
  squares = blockSum(squares, shared);
  if (threadIdx.x == 0) all.rule.norms.factors[weight.number] = all.rule.factor(weight, squares);
}

// ruleOf(norms) makes the rule.
template <class Rule, class Params, class RuleOf>
bool updateByNorms(const Call& call, const Params& params, const RuleOf& ruleOf) {
  const Inputs<Rule::kState, Params> inputs(call, params);
  int64_t blocks = 0;
  for (size_t i = 0; i < inputs.count; i++) blocks += blocksOf(inputs.plain(i).size);
  const size_t squares = sizeof(Squares) * static_cast<size_t>(blocks);
  char* scratch = static_cast<char*>(
      call.context.scratchMemory(squares + sizeof(float) * static_cast<size_t>(inputs.count)));
  const Rule rule = ruleOf(
      Norms{reinterpret_cast<float*>(scratch + squares), reinterpret_cast<Squares*>(scratch)});
  eachLaunch(
      inputs, rule, [&](size_t i) { return inputs.plain(i); },
      [&](const Weights<Rule>& all, unsigned count) {
        LAUNCH(sumSquares<Rule>, count, kBlock, streamOf(call), all);
        LAUNCH(findFactors<Rule>, static_cast<unsigned>(all.count), kBlock, streamOf(call), all);
      });
  eachLaunch(
      inputs, rule, [&](size_t i) { return inputs.changing(i); },
      [&](const Weights<Rule>& all, unsigned count) {
        LAUNCH(updateWeights<Rule>, count, kBlock, streamOf(call), all);
      });
  return true;
}

}  // namespace cnn::cuda
