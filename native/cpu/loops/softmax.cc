// Softmax cross-entropy with label smoothing and a weight, its gradient, and top-1 and top-5
// counts.
#include <cmath>

#include "common/vector_math.h"
#include "cross_entropy.h"

namespace cnn {
namespace {

// Writes scale * (softmax(logits) - target), target = (1 - smoothing) shares + smoothing / K; the
// shares are 1 together.
template <class T>
float softmaxLoss(const T* __restrict logits, const Target& target, const CrossEntropyParams& p,
                  float scale, float* __restrict gradient) {
  const int32_t classes = p.classes;
  float maximum = toFloat(logits[0]);
  for (int32_t c = 1; c < classes; c++) {
    float value = toFloat(logits[c]);
    maximum = value > maximum ? value : maximum;
  }
  for (int32_t c = 0; c < classes; c++) gradient[c] = expOf(toFloat(logits[c]) - maximum);
  double sum = 0, logitSum = 0;
  for (int32_t c = 0; c < classes; c++) sum += gradient[c];
  for (int32_t c = 0; c < classes; c++) logitSum += toFloat(logits[c]);
  const float shared = p.smoothing / static_cast<float>(classes);
  const float factor = static_cast<float>(scale / sum), offset = scale * shared;
  for (int32_t c = 0; c < classes; c++) gradient[c] = gradient[c] * factor - offset;
  gradient[target.label] -= scale * (1 - p.smoothing) * target.share;
  gradient[target.other] -= scale * (1 - p.smoothing) * target.otherShare;
  const double logSum = std::log(sum) + maximum;
  double loss = (1 - p.smoothing) * target.share * (logSum - toFloat(logits[target.label]));
  // A share of 0 of an infinite loss is none.
  if (target.otherShare > 0) {
    loss += (1 - p.smoothing) * target.otherShare * (logSum - toFloat(logits[target.other]));
  }
  if (p.smoothing > 0) loss += p.smoothing * (logSum - logitSum / classes);
  return static_cast<float>(loss);
}

}  // namespace

CNN_KERNEL(SoftmaxCrossEntropy, CrossEntropyParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto logits) {
    crossEntropy<decltype(logits)>(call, params, softmaxLoss<decltype(logits)>);
    return true;
  });
}

}  // namespace cnn
