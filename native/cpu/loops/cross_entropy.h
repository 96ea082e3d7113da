// What the losses' kernels share: the rows of a batch and the counters.
#pragma once
#include <stdexcept>

#include "common/cross_entropy.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrainElements = 1 << 13;

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

// Inputs logits (N, K) and targets; outputs stats (4), the mean loss's gradient (N, K) in float.
// lossOfRow(logits, target, params, scale, gradient) gives the loss of a row and writes its
// gradient times `scale`.
template <class T, class LossOfRow>
void crossEntropy(const Call& call, const CrossEntropyParams& p, const LossOfRow& lossOfRow) {
  const T* logits = valuesOf<T>(call.inputs[0]);
  const Targets targets = targetsOf(call.inputs);
  float* stats = valuesOf<float>(call.outputs[0]);
  float* gradients = valuesOf<float>(call.outputs[1]);
  const int64_t count = countLabels(targets.labels, p);
  if (targets.others != nullptr) countLabels(targets.others, p);
  const float scale = count > 0 ? p.weight / static_cast<float>(count) : 0.0f;
  PartScratch<RowStats> scratch(call.context, 1, p.rows);
  RowStats* rows = scratch.of(0);
  parallelFor(p.rows, kGrainElements / p.classes + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      float* gradient = gradients + row * p.classes;
      const T* values = logits + row * p.classes;
      const Target target = targets.of(row);
      rows[row] = {0, p.classes + kTop};
      if (target.label < 0) {
        for (int32_t c = 0; c < p.classes; c++) gradient[c] = 0;
        continue;
      }
      rows[row].loss = lossOfRow(values, target, p, scale, gradient);
      if (p.hits != 0) rows[row].rank = rankOf(values, p.classes, target.label);
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
