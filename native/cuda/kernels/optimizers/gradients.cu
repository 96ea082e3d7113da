// What is done with all gradients before an optimizer takes them.
#include <cmath>

#include "items.h"

namespace cnn {
namespace {

using namespace cuda;

struct Item {
  float* to;  // of Accumulate
  const void* from;
  int64_t size;
  int32_t firstBlock;
  bool narrow;
};

constexpr int kItemsPerLaunch = 960;

struct Items {
  Item of[kItemsPerLaunch];
  int32_t count;
};
static_assert(sizeof(Items) + 64 <= kMostParameterBytes, "kernels' parameters hold no more");

__global__ void __launch_bounds__(kBlock)
    sumSquares(const Items __grid_constant__ all, double* sums) {
  SHARED(double, shared, kWarp);
  const Item& item = all.of[itemOf(all.of, all.count, static_cast<int>(blockIdx.x))];
  double sum = 0;
  const auto add = [&](const auto& values) {
    for (const float value : values.values) {
      sum += static_cast<double>(value) * static_cast<double>(value);
    }
  };
  eachElement(
      item.size, static_cast<int>(blockIdx.x) - item.firstBlock,
      [&](int64_t i) { add(floatsAt<4>(item.from, item.narrow, i)); },
      [&](int64_t i) { add(floatsAt<1>(item.from, item.narrow, i)); });
  sum = blockSum(sum, shared);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kBlock)
    findScale(const double* sums, int64_t count, float* to, ClipParams params) {
  SHARED(double, shared, kWarp);
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kBlock) sum += sums[i];
  sum = blockSum(sum, shared);
  if (threadIdx.x != 0) return;
  const double norm = sqrt(sum) * static_cast<double>(params.gradientScale);
  const double share = static_cast<double>(params.maxNorm) / (norm + 1e-6);
  // In this order a NaN stays.
  *to = params.gradientScale * static_cast<float>(share >= 1 ? 1.0 : share);
}

template <int COUNT>
__device__ inline void accumulateAt(const Item& item, const AccumulateParams& params, int64_t i) {
  Floats<COUNT> values = floatsAt<COUNT>(item.from, item.narrow, i);
  for (int k = 0; k < COUNT; k++) values.values[k] *= params.share;
  if (params.keep != 0) {
    const Floats<COUNT> old = load<float, COUNT>(item.to + i);
    for (int k = 0; k < COUNT; k++) values.values[k] += params.keep * old.values[k];
  }
  store(item.to + i, values);
}

__global__ void __launch_bounds__(kBlock)
    accumulate(const Items __grid_constant__ all, AccumulateParams params) {
  const Item& item = all.of[itemOf(all.of, all.count, static_cast<int>(blockIdx.x))];
  eachElement(
      item.size, static_cast<int>(blockIdx.x) - item.firstBlock,
      [&](int64_t i) { accumulateAt<4>(item, params, i); },
      [&](int64_t i) { accumulateAt<1>(item, params, i); });
}

// Calls launch(items, blocks) for as many tensors at a time as a launch has room for.
template <class ItemOf, class Launch>
void eachLaunch(size_t count, const ItemOf& itemOf, const Launch& launch) {
  for (size_t first = 0; first < count; first += kItemsPerLaunch) {
    Items all = {};
    int64_t blocks = 0;
    for (size_t i = first; i < count && i < first + kItemsPerLaunch; i++) {
      Item item = itemOf(i);
      if (item.size == 0) continue;
      item.firstBlock = static_cast<int32_t>(blocks);
      blocks += blocksOf(item.size);
      all.of[all.count++] = item;
    }
    if (all.count > 0) launch(all, static_cast<unsigned>(blocks));
  }
}

}  // namespace

// The factor of gradients that makes their common norm `maxNorm` at most, as PyTorch's
// clip_grad_norm_ finds it: gradientScale * min(1, maxNorm / (norm + 1e-6)).
CNN_CUDA_KERNEL(GradientClip, ClipParams) {
  int64_t blocks = 0;
  for (const Tensor& gradient : call.inputs) blocks += blocksOf(gradient.size);
  const size_t bytes = sizeof(double) * static_cast<size_t>(blocks);
  double* sums = static_cast<double*>(call.context.scratchMemory(bytes));
  const auto itemAt = [&](size_t i) {
    const Tensor& g = call.inputs[i];
    return Item{nullptr, g.raw(), g.size, 0, g.dtype == DType::BFloat16};
  };
  double* next = sums;
  eachLaunch(call.inputs.size(), itemAt, [&](const Items& all, unsigned count) {
    LAUNCH(sumSquares, count, kBlock, streamOf(call), all, next);
    next += count;
  });
  float* to = valuesOf<float>(call.outputs[0]);
  LAUNCH(findScale, 1, kBlock, streamOf(call), sums, blocks, to, params);
  return true;
}

// Inputs to0, from0, to1, …
CNN_CUDA_KERNEL(Accumulate, AccumulateParams) {
  const size_t count = call.inputs.size() / 2;
  const auto itemAt = [&](size_t i) {
    const Tensor &to = call.inputs[2 * i], &from = call.inputs[2 * i + 1];
    to.storage->version++;
    return Item{valuesOf<float>(to), from.raw(), to.size, 0, from.dtype == DType::BFloat16};
  };
  eachLaunch(count, itemAt, [&](const Items& all, unsigned blocks) {
    LAUNCH(accumulate, blocks, kBlock, streamOf(call), all, params);
  });
  return true;
}

}  // namespace cnn
