// Softmax cross-entropy with label smoothing and a weight, its gradient, and top-1 and top-5
// counts.
#include <cmath>

#include "common/vector_math.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrainElements = 1 << 13;
constexpr int kTop = 5;

// What one row adds to the counters: loss, top-1 hit, top-5 hit.
struct RowStats {
  float loss;
  int32_t rank;  // logits that come before the label's; lower classes first among equals
};

template <class T>
int32_t rankOf(const T* __restrict logits, int32_t classes, int32_t label) {
  const float value = toFloat(logits[label]);
  int32_t before = 0;
  // Negated comparisons, so that a NaN comes before every number and never counts as a hit.
  for (int32_t c = 0; c < label; c++) before += !(toFloat(logits[c]) < value);
  for (int32_t c = label + 1; c < classes; c++) before += !(toFloat(logits[c]) <= value);
  return value == value ? before : classes + kTop;
}

// Writes scale * (softmax(logits) - target), target = (1 - smoothing) one-hot + smoothing / K.
template <class T>
RowStats lossOfRow(const T* __restrict logits, int32_t label, const SoftmaxParams& p, float scale,
                   float* __restrict gradient) {
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
  gradient[label] -= scale * (1 - p.smoothing);
  const double logSum = std::log(sum) + maximum;
  double loss = (1 - p.smoothing) * (logSum - toFloat(logits[label]));
  if (p.smoothing > 0) loss += p.smoothing * (logSum - logitSum / classes);
  return {static_cast<float>(loss), p.hits != 0 ? rankOf(logits, classes, label) : classes + kTop};
}

int64_t countLabels(const int32_t* labels, const SoftmaxParams& p) {
  int64_t count = 0;
  for (int32_t row = 0; row < p.rows; row++) {
    if (labels[row] >= p.classes) throw std::runtime_error("a label is not below the class count");
    count += labels[row] >= 0;
  }
  return count;
}

template <class T>
void crossEntropy(const Call& call, const SoftmaxParams& p) {
  const T* logits = valuesOf<T>(call.inputs[0]);
  const int32_t* labels = valuesOf<int32_t>(call.inputs[1]);
  float* stats = valuesOf<float>(call.outputs[0]);
  float* gradients = valuesOf<float>(call.outputs[1]);
  const int64_t count = countLabels(labels, p);
  const float scale = count > 0 ? p.weight / static_cast<float>(count) : 0.0f;
  PartScratch<RowStats> scratch(call.context, 1, p.rows);
  RowStats* rows = scratch.of(0);
  parallelFor(p.rows, kGrainElements / p.classes + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      float* gradient = gradients + row * p.classes;
      if (labels[row] >= 0) {
        rows[row] = lossOfRow(logits + row * p.classes, labels[row], p, scale, gradient);
        continue;
      }
      rows[row] = {0, p.classes + kTop};
      for (int32_t c = 0; c < p.classes; c++) gradient[c] = 0;
    }
  });
  double loss = 0;
  int64_t top1 = 0, top5 = 0;
  for (int32_t row = 0; row < p.rows; row++) {
    loss += rows[row].loss;
    top1 += rows[row].rank < 1;
    top5 += rows[row].rank < kTop;
  }
  stats[0] = static_cast<float>(p.weight * loss);
  stats[1] = static_cast<float>(top1);
  stats[2] = static_cast<float>(top5);
  stats[3] = p.hits != 0 ? static_cast<float>(count) : 0;
}

}  // namespace

// Inputs logits (N, K), labels (N); outputs stats (4), the mean loss's gradient (N, K) in float.
CNN_KERNEL(SoftmaxCrossEntropy, SoftmaxParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto logits) {
    crossEntropy<decltype(logits)>(call, params);
    return true;
  });
}

}  // namespace cnn
