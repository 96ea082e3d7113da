// What the losses of all devices share: targets of one class or two, and what a row counts for.
#pragma once
#include <vector>

#include "dispatch.h"

namespace cnn {
namespace {  // a copy for each instruction set

constexpr int kTop = 5;

// What one row adds to the counters.
struct RowStats {
  float loss;
  int32_t rank;  // logits that come before the label's; lower classes first among equals
};

// What a row is to be: `share` of the class `label` and `otherShare` of `other`.
struct Target {
  int32_t label, other;
  float share, otherShare;
};

// Of a batch: labels (N) and, where images are mixed, others (N), in place of which those below 0
// have the label, and shares (N, 2) of both.
struct Targets {
  CNN_HOST_DEVICE Target of(int64_t row) const {
    const int32_t label = labels[row];
    if (others == nullptr || others[row] < 0) return {label, label, 1, 0};
    return {label, others[row], shares[2 * row], shares[2 * row + 1]};
  }
  const int32_t *labels, *others;
  const float* shares;
};

// `inputs` are logits (N, K) and the targets.
inline Targets targetsOf(const std::vector<Tensor>& inputs) {
  const bool mixed = inputs.size() > 2;
  return {valuesOf<int32_t>(inputs[1]), mixed ? valuesOf<int32_t>(inputs[2]) : nullptr,
          mixed ? valuesOf<float>(inputs[3]) : nullptr};
}

}  // namespace
}  // namespace cnn
