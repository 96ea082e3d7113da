// What the losses share: targets of one class or two, the rows of a batch, the counters.
#pragma once
#include <stdexcept>

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

// What a row is to be: `share` of the class `label` and `otherShare` of `other`.
struct Target {
  int32_t label, other;
  float share, otherShare;
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

[[maybe_unused]] int64_t countLabels(const int32_t* labels, const CrossEntropyParams& p) {
  int64_t count = 0;
  for (int32_t row = 0; row < p.rows; row++) {
    if (labels[row] >= p.classes) throw std::runtime_error("a label is not below the class count");
    count += labels[row] >= 0;
  }
  return count;
}

// Inputs logits (N, K), labels (N), and where images are mixed others (N), in place of which those
// below 0 have the label, and shares (N, 2) of both; outputs stats (4), the mean loss's gradient
// (N, K) in float. lossOfRow(logits, target, params, scale, gradient) gives the loss of a row and
// writes its gradient times `scale`.
template <class T, class LossOfRow>
void crossEntropy(const Call& call, const CrossEntropyParams& p, const LossOfRow& lossOfRow) {
  const T* logits = valuesOf<T>(call.inputs[0]);
  const int32_t* labels = valuesOf<int32_t>(call.inputs[1]);
  const bool mixed = call.inputs.size() > 2;
  const int32_t* others = mixed ? valuesOf<int32_t>(call.inputs[2]) : labels;
  const float* shares = mixed ? valuesOf<float>(call.inputs[3]) : nullptr;
  float* stats = valuesOf<float>(call.outputs[0]);
  float* gradients = valuesOf<float>(call.outputs[1]);
  const int64_t count = countLabels(labels, p);
  if (mixed) countLabels(others, p);
  const float scale = count > 0 ? p.weight / static_cast<float>(count) : 0.0f;
  PartScratch<RowStats> scratch(call.context, 1, p.rows);
  RowStats* rows = scratch.of(0);
  parallelFor(p.rows, kGrainElements / p.classes + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      float* gradient = gradients + row * p.classes;
      const T* values = logits + row * p.classes;
      const int32_t label = labels[row];
      rows[row] = {0, p.classes + kTop};
      if (label < 0) {
        for (int32_t c = 0; c < p.classes; c++) gradient[c] = 0;
        continue;
      }
      Target target = {label, label, 1, 0};
      if (mixed && others[row] >= 0) {
        target = {label, others[row], shares[2 * row], shares[2 * row + 1]};
      }
      rows[row].loss = lossOfRow(values, target, p, scale, gradient);
      if (p.hits != 0) rows[row].rank = rankOf(values, p.classes, label);
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
}  // namespace cnn
