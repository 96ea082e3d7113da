#include "common/vector_math.h"
#include "kernels.h"

namespace cnn {
namespace {

constexpr int kTop = 5;

// What one row adds to the counters.
struct RowStats {
  float loss;
  int32_t rank;  // logits that come before the label's; lower classes first among equals
};

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

__device__ bool counts(int32_t label, int32_t classes) { return label >= 0 && label < classes; }

// The number of labels that count, for all threads of a block.
__device__ int32_t countLabels(const int32_t* labels, const SoftmaxParams& p, int32_t* shared) {
  int32_t count = 0;
  for (int32_t row = threadIdx.x; row < p.rows; row += kBlock) {
    count += counts(labels[row], p.classes);
  }
  return cuda::blockSum(count, shared);
}

// Whether the logit of class c comes before the label's. A NaN comes before every number.
__device__ bool comesBefore(float logit, int32_t c, float value, int32_t label) {
  return c < label ? !(logit < value) : c > label && !(logit <= value);
}

// Writes scale * (softmax(logits) - target), target = (1 - smoothing) one-hot + smoothing / K. A
// thread has COUNT neighbours at a time.
template <class T, int COUNT>
__device__ RowStats lossOfRow(const T* logits, int32_t label, const SoftmaxParams& p, float scale,
                              float* gradient, float* shared) {
  const int32_t first = COUNT * threadIdx.x, step = COUNT * kBlock;
  const float value = toFloat(logits[label]);
  float maximum = -kInfinity;
  for (int32_t c = first; c < p.classes; c += step) {
    const auto pack = cuda::load<T, COUNT>(logits + c);
    for (const T logit : pack.values) maximum = cuda::largerOf(maximum, toFloat(logit));
  }
  maximum = cuda::blockMaximum(maximum, shared);
  float sums[3] = {};  // of exponentials, of logits, of logits before the label's
  for (int32_t c = first; c < p.classes; c += step) {
    const auto pack = cuda::load<T, COUNT>(logits + c);
    for (int i = 0; i < COUNT; i++) {
      const float logit = toFloat(pack.values[i]);
      sums[0] += expOf(logit - maximum);
      sums[1] += logit;
      sums[2] += comesBefore(logit, c + i, value, label);
    }
  }
  blockSums(sums, shared);
  const float offset = scale * (p.smoothing / static_cast<float>(p.classes));
  const float factor = scale / sums[0];
  for (int32_t c = first; c < p.classes; c += step) {
    const auto pack = cuda::load<T, COUNT>(logits + c);
    cuda::Pack<float, COUNT> results;
    for (int i = 0; i < COUNT; i++) {
      results.values[i] = expOf(toFloat(pack.values[i]) - maximum) * factor - offset;
      if (c + i == label) results.values[i] -= scale * (1 - p.smoothing);
    }
    cuda::store(gradient + c, results);
  }
  const float logSum = logOf(sums[0]);
  float loss = (1 - p.smoothing) * (logSum + (maximum - value));
  if (p.smoothing > 0) {
    loss += p.smoothing * (logSum + (maximum - sums[1] / static_cast<float>(p.classes)));
  }
  return {loss, value == value ? static_cast<int32_t>(sums[2]) : p.classes + kTop};
}

// A block takes a row at a time.
template <class T, int COUNT>
__global__ void __launch_bounds__(kBlock)
    lossOfRows(const T* logits, const int32_t* labels, SoftmaxParams p, float* gradients,
               RowStats* stats, int32_t* faults) {
  SHARED(int32_t, countsOfWarps, cuda::kWarp);
  SHARED(float, shared, 3 * cuda::kWarp);
  const int32_t count = countLabels(labels, p, countsOfWarps);
  const float scale = count > 0 ? p.weight / static_cast<float>(count) : 0.0f;
  for (int32_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    const int64_t start = int64_t{row} * p.classes;
    const int32_t label = labels[row];
    RowStats result = {0, p.classes + kTop};
    if (counts(label, p.classes)) {
      result = lossOfRow<T, COUNT>(logits + start, label, p, scale, gradients + start, shared);
    } else {
      for (int32_t c = threadIdx.x; c < p.classes; c += kBlock) gradients[start + c] = 0;
    }
    if (threadIdx.x != 0) continue;
    stats[row] = result;
    if (label >= p.classes) faults[static_cast<int>(Fault::LabelTooLarge)] = 1;
  }
}

// One block.
__global__ void __launch_bounds__(kBlock)
    sumOfRows(const RowStats* rows, const int32_t* labels, SoftmaxParams p, float* stats) {
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

template <class T, int COUNT>
void crossEntropy(const Call& call, const SoftmaxParams& p) {
  const int32_t* labels = valuesOf<int32_t>(call.inputs[1]);
  const size_t bytes = sizeof(RowStats) * static_cast<size_t>(p.rows);
  RowStats* rows = static_cast<RowStats*>(call.context.scratchMemory(bytes));
  LAUNCH((lossOfRows<T, COUNT>), blocksFor(call, int64_t{p.rows} * kBlock), kBlock, streamOf(call),
         valuesOf<T>(call.inputs[0]), labels, p, valuesOf<float>(call.outputs[1]), rows,
         call.context.gpu->faults);
  LAUNCH(sumOfRows, 1, kBlock, streamOf(call), rows, labels, p, valuesOf<float>(call.outputs[0]));
}

}  // namespace

CNN_CUDA_KERNEL(SoftmaxCrossEntropy, SoftmaxParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto logits) {
    using T = decltype(logits);
    constexpr int kCount = cuda::kPack<float>;
    if (params.classes % kCount == 0) {
      crossEntropy<T, kCount>(call, params);
    } else {
      crossEntropy<T, 1>(call, params);
    }
    return true;
  });
}

}  // namespace cnn
