// What the losses' kernels share: the rows of a batch and the counters.
#pragma once
#include "common/cross_entropy.h"
#include "common/vector_math.h"
#include "cuda/kernels.h"

namespace cnn {
namespace {

// Sums over the block, for all its threads. `shared` holds COUNT * kWarp values.
template <int COUNT>
__device__ void blockSums(float (&values)[COUNT], float* shared) {
  constexpr unsigned warps = kBlock / cuda::kWarp;
  for (int i = 0; i < COUNT; i++) {
    for (int distance = cuda::kWarp / 2; distance > 0; distance /= 2) {
      values[i] += __shfl_xor_sync(cuda::kAllLanes, values[i], distance);
    }
    if (threadIdx.x % cuda::kWarp == 0) {
      shared[i * cuda::kWarp + threadIdx.x / cuda::kWarp] = values[i];
    }
  }
  __syncthreads();
  for (int i = 0; i < COUNT; i++) {
    values[i] = 0;
    for (unsigned warp = 0; warp < warps; warp++) values[i] += shared[i * cuda::kWarp + warp];
  }
  __syncthreads();
}

__device__ inline bool counts(int32_t label, int32_t classes) {
  return label >= 0 && label < classes;
}

// The number of labels that count, for all threads of a block.
__device__ inline int32_t countLabels(const int32_t* labels, const CrossEntropyParams& p,
                                      int32_t* shared) {
  int32_t count = 0;
  for (int32_t row = threadIdx.x; row < p.rows; row += kBlock) {
    count += counts(labels[row], p.classes);
  }
  return cuda::blockSum(count, shared);
}

// Whether the logit of class c comes before the label's. A NaN comes before every number.
__device__ inline bool comesBefore(float logit, int32_t c, float value, int32_t label) {
  return c < label ? !(logit < value) : c > label && !(logit <= value);
}

// A block takes a row at a time. Loss::ofRow writes the gradient of a row times `scale`.
template <class Loss, class T, int COUNT>
__global__ void __launch_bounds__(kBlock)
    lossOfRows(const T* logits, Targets targets, CrossEntropyParams p, float* gradients,
               RowStats* stats, int32_t* faults) {
  SHARED(int32_t, countsOfWarps, cuda::kWarp);
  SHARED(float, shared, 3 * cuda::kWarp);
  const int32_t count = countLabels(targets.labels, p, countsOfWarps);
  const float scale = count > 0 ? p.weight / static_cast<float>(count) : 0.0f;
  for (int32_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    const int64_t start = int64_t{row} * p.classes;
    const Target target = targets.of(row);
    RowStats result = {0, p.classes + kTop};
    if (counts(target.label, p.classes) && target.other < p.classes) {
      result = Loss::template ofRow<T, COUNT>(logits + start, target, p, scale, gradients + start,
                                              shared);
    } else {
      for (int32_t c = threadIdx.x; c < p.classes; c += kBlock) gradients[start + c] = 0;
    }
    if (threadIdx.x != 0) continue;
    stats[row] = result;
    if (target.label >= p.classes || target.other >= p.classes) {
      faults[static_cast<int>(Loss::kFault)] = 1;
    }
  }
}

// One block.
__global__ void __launch_bounds__(kBlock)
    sumOfRows(const RowStats* rows, const int32_t* labels, CrossEntropyParams p, float* stats) {
  SHARED(int32_t, countsOfWarps, cuda::kWarp);
  SHARED(double, losses, cuda::kWarp);
  double loss = 0;
  int32_t top1 = 0, topAny = 0;
  for (int32_t row = threadIdx.x; row < p.rows; row += kBlock) {
    loss += rows[row].loss;
    top1 += rows[row].rank < 1;
    topAny += rows[row].rank < kTop;
  }
  loss = cuda::blockSum(loss, losses);
  top1 = cuda::blockSum(top1, countsOfWarps);
  topAny = cuda::blockSum(topAny, countsOfWarps);
  const int32_t count = countLabels(labels, p, countsOfWarps);
  if (threadIdx.x != 0) return;
  stats[0] = static_cast<float>(p.weight * loss);
  stats[1] = p.hits != 0 ? static_cast<float>(top1) : 0.0f;
  stats[2] = p.hits != 0 ? static_cast<float>(topAny) : 0.0f;
  stats[3] = p.hits != 0 ? static_cast<float>(count) : 0.0f;
}

template <class Loss, class T, int COUNT>
void crossEntropyInPacks(const Call& call, const CrossEntropyParams& p) {
  const Targets targets = targetsOf(call.inputs);
  const size_t bytes = sizeof(RowStats) * static_cast<size_t>(p.rows);
  RowStats* rows = static_cast<RowStats*>(call.context.scratchMemory(bytes));
  LAUNCH((lossOfRows<Loss, T, COUNT>), blocksFor(call, int64_t{p.rows} * kBlock), kBlock,
         streamOf(call), valuesOf<T>(call.inputs[0]), targets, p, valuesOf<float>(call.outputs[1]),
         rows, call.context.gpu->faults);
  LAUNCH(sumOfRows, 1, kBlock, streamOf(call), rows, targets.labels, p,
         valuesOf<float>(call.outputs[0]));
}

template <class Loss>
bool crossEntropy(const Call& call, const CrossEntropyParams& p) {
  return withFloatType(call.inputs[0].dtype, [&](auto logits) {
    using T = decltype(logits);
    constexpr int kCount = cuda::kPack<float>;
    if (p.classes % kCount == 0) {
      crossEntropyInPacks<Loss, T, kCount>(call, p);
    } else {
      crossEntropyInPacks<Loss, T, 1>(call, p);
    }
    return true;
  });
}

}  // namespace
}  // namespace cnn
