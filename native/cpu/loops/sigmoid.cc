// Binary cross-entropy of every class, meaned over the classes, with label smoothing and a weight,
// its gradient, and top-1 and top-5 counts.
#include "common/vector_math.h"
#include "cross_entropy.h"

namespace cnn {
namespace {

// Writes scale / K * (sigmoid(logits) - target), target = (1 - smoothing) shares + smoothing / K.
template <class T>
float sigmoidLoss(const T* __restrict logits, const Target& target, const CrossEntropyParams& p,
                  float scale, float* __restrict gradient) {
  const int32_t classes = p.classes;
  const float shared = p.smoothing / static_cast<float>(classes);
  const float factor = scale / static_cast<float>(classes);
  for (int32_t c = 0; c < classes; c++) {
    gradient[c] = binaryLossOf(toFloat(logits[c]), shared);
  }
  double loss = 0;
  for (int32_t c = 0; c < classes; c++) loss += gradient[c];
  for (int32_t c = 0; c < classes; c++) {
    gradient[c] = factor * (sigmoidOf(toFloat(logits[c])) - shared);
  }
  const auto add = [&](int32_t c, float share) {
    // A share of 0 of an infinite logit is none.
    if (share == 0) return;
    gradient[c] -= factor * (1 - p.smoothing) * share;
    loss -= double{1 - p.smoothing} * share * toFloat(logits[c]);
  };
  add(target.label, target.share);
  add(target.other, target.otherShare);
  return static_cast<float>(loss / classes);
}

}  // namespace

CNN_KERNEL(SigmoidCrossEntropy, CrossEntropyParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto logits) {
    crossEntropy<decltype(logits)>(call, params, sigmoidLoss<decltype(logits)>);
    return true;
  });
}

}  // namespace cnn
