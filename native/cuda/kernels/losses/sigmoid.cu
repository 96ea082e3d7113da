#include "cross_entropy.h"

namespace cnn {
namespace {

// Writes scale / K * (sigmoid(logits) - target), target = (1 - smoothing) shares + smoothing / K. A
// thread has COUNT neighbours at a time.
struct SigmoidLoss {
  static constexpr Fault kFault = Fault::SigmoidLabelTooLarge;

  template <class T, int COUNT>
  __device__ static RowStats ofRow(const T* logits, const Target& target,
                                   const CrossEntropyParams& p, float scale, float* gradient,
                                   float* shared) {
    const float value = toFloat(logits[target.label]);
    const float spread = p.smoothing / static_cast<float>(p.classes);
    const float factor = scale / static_cast<float>(p.classes);
    const float kept = 1 - p.smoothing;
    float sums[2] = {};  // of losses, of logits before the label's
    for (int32_t c = COUNT * threadIdx.x; c < p.classes; c += COUNT * kBlock) {
      const auto pack = cuda::load<T, COUNT>(logits + c);
      cuda::Pack<float, COUNT> results;
      for (int i = 0; i < COUNT; i++) {
        const float logit = toFloat(pack.values[i]);
        float wanted = spread;
        if (c + i == target.label) wanted += kept * target.share;
        if (c + i == target.other) wanted += kept * target.otherShare;
        results.values[i] = factor * (sigmoidOf(logit) - wanted);
        sums[0] += binaryLossOf(logit, wanted);
        sums[1] += comesBefore(logit, c + i, value, target.label);
      }
      cuda::store(gradient + c, results);
    }
    blockSums(sums, shared);
    return {sums[0] / static_cast<float>(p.classes),
            value == value ? static_cast<int32_t>(sums[1]) : p.classes + kTop};
  }
};

}  // namespace

CNN_CUDA_KERNEL(SigmoidCrossEntropy, CrossEntropyParams) {
  return crossEntropy<SigmoidLoss>(call, params);
}

}  // namespace cnn
