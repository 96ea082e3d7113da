#include "cross_entropy.h"

namespace cnn {
namespace {

// Writes scale * (softmax(logits) - target), target = (1 - smoothing) shares + smoothing / K; the
// shares are 1 together. A thread has COUNT neighbours at a time.
struct SoftmaxLoss {
  static constexpr Fault kFault = Fault::SoftmaxLabelTooLarge;

  template <class T, int COUNT>
  __device__ static RowStats ofRow(const T* logits, const Target& target,
                                   const CrossEntropyParams& p, float scale, float* gradient,
                                   float* shared) {
    const int32_t first = COUNT * threadIdx.x, step = COUNT * kBlock;
    const int32_t label = target.label;
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
        if (c + i == label) results.values[i] -= scale * (1 - p.smoothing) * target.share;
        if (c + i == target.other)
          results.values[i] -= scale * (1 - p.smoothing) * target.otherShare;
      }
      cuda::store(gradient + c, results);
    }
    const float logSum = logOf(sums[0]);
    float loss = (1 - p.smoothing) * target.share * (logSum + (maximum - value));
    // A share of 0 of an infinite loss is none.
    if (target.otherShare > 0) {
      const float other = toFloat(logits[target.other]);
      loss += (1 - p.smoothing) * target.otherShare * (logSum + (maximum - other));
    }
    if (p.smoothing > 0) {
      loss += p.smoothing * (logSum + (maximum - sums[1] / static_cast<float>(p.classes)));
    }
    return {loss, value == value ? static_cast<int32_t>(sums[2]) : p.classes + kTop};
  }
};

}  // namespace

CNN_CUDA_KERNEL(SoftmaxCrossEntropy, CrossEntropyParams) {
  return crossEntropy<SoftmaxLoss>(call, params);
}

}  // namespace cnn
