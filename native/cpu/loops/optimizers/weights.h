// What optimizers share: all weights change in one call, in one pass over memory that is cut evenly
// between threads by elements, not by tensors.
#pragma once
#include "../parallel.h"
#include "common/optimizer_rules.h"

namespace cnn {
namespace {

constexpr int64_t kCut = 64;  // threads meet at multiples of this many elements
constexpr int64_t kCutsGrain = 256;
constexpr int64_t kPiece = 2048;

// Calls body(part, tensor, begin, end) for ranges of tensors, whose sizes sizeOf(tensor) gives, on
// `parts` threads.
template <class SizeOf, class Body>
void eachRange(int parts, int count, int64_t total, const SizeOf& sizeOf, const Body& body) {
  const int64_t cuts = (total + kCut - 1) / kCut;
  parallelParts(parts, cuts, [&](int part, int64_t first, int64_t last) {
    const int64_t begin = first * kCut, end = last * kCut < total ? last * kCut : total;
    int64_t start = 0;
    for (int i = 0; i < count && start < end; i++) {
      const int64_t size = sizeOf(i);
      const int64_t from = begin > start ? begin - start : 0;
      const int64_t to = end - start < size ? end - start : size;
      if (from < to) body(part, i, from, to);
      start += size;
    }
  });
}

[[maybe_unused]] int partsOfElements(int64_t total) {
  return partsFor((total + kCut - 1) / kCut, kCutsGrain);
}

// Calls body with the values of a gradient from `begin` on.
template <class Body>
void withGradient(const Tensor& gradient, int64_t begin, const Body& body) {
  if (gradient.dtype == DType::Float32) {
    body(valuesOf<float>(gradient) + begin);
  } else {
    body(valuesOf<bf16>(gradient) + begin);
  }
}

// The inputs of a call: for each weight w, STATE tensors of its size, and g; w and the state change
// in place. A last input of one element is the factor of the gradients.
template <int STATE, class Params>
struct Weights {
  static constexpr int kGroup = STATE + 2;
  Weights(const Call& call, const Params& params)
      : call(call),
        params(params),
        count(static_cast<int>(call.inputs.size() / kGroup)),
        decay(listsOf<Params, float>(call)),
        lrScale(decay + count),
        gradientScale(call.inputs.size() % kGroup == 0 ? params.gradientScale
                                                       : *valuesOf<float>(call.inputs.back())) {
    for (int i = 0; i < count; i++) total += w(i).size;
  }
  const Tensor& w(int weight) const { return call.inputs[kGroup * weight]; }
  const Tensor& g(int weight) const { return call.inputs[kGroup * weight + STATE + 1]; }
  float* state(int weight, int number) const {
    return valuesOf<float>(call.inputs[kGroup * weight + 1 + number]);
  }
  float lr(int weight) const { return params.lr * lrScale[weight]; }

  // Calls body(part, weight, begin, end).
  template <class Body>
  void each(int parts, const Body& body) const {
    eachRange(parts, count, total, [&](int i) { return w(i).size; }, body);
  }
  // Notes that weights and state have changed, and that bfloat16 copies of weights were written.
  void changed() const {
    for (int i = 0; i < count; i++) {
      for (int k = 0; k <= STATE; k++) call.inputs[kGroup * i + k].storage->version++;
      Storage& storage = *w(i).storage;
      if (storage.narrow) storage.narrowVersion = storage.version;
    }
  }

  const Call& call;
  const Params& params;
  const int count;
  const float* decay;
  const float* lrScale;
  const float gradientScale;
  int64_t total = 0;
};

inline void narrowPiece(const float* __restrict w, bf16* __restrict narrow, int64_t count) {
  for (int64_t i = 0; i < count; i++) narrow[i] = fromFloat<bf16>(w[i]);
}

// Calls update(w, first, count) for pieces of a range of a weight, which stay in the first cache
// until their bfloat16 copy is written.
template <class Update>
void eachPiece(const Tensor& weight, int64_t begin, int64_t end, const Update& update) {
  float* w = valuesOf<float>(weight);
  const Storage& storage = *weight.storage;
  bf16* narrow = storage.narrow ? static_cast<bf16*>(storage.narrow->data()) : nullptr;
  for (int64_t i = begin; i < end; i += kPiece) {
    const int64_t piece = end - i < kPiece ? end - i : kPiece;
    update(w + i, i, piece);
    if (narrow != nullptr) narrowPiece(w + i, narrow + i, piece);
  }
}

// Changes `count` elements by a rule of common/optimizer_rules.h.
template <class Rule, class G>
void updatePiece(const Rule& rule, const Rates& rates, float scale, float* __restrict w,
                 float* const* state, const G* __restrict g, int64_t count) {
  constexpr int kLast = Rule::kState - 1;
  float* __restrict first = state[0];
  [[maybe_unused]] float* __restrict last = state[kLast];
  for (int64_t i = 0; i < count; i++) {
    float values[Rule::kState];
    values[0] = first[i];
    if constexpr (kLast > 0) values[kLast] = last[i];
    rule.update(w[i], values, scaled(toFloat(g[i]), scale), rates);
    first[i] = values[0];
    if constexpr (kLast > 0) last[i] = values[kLast];
  }
}

// Changes a range of a weight by a rule.
template <class Rule, class Params>
void updateRange(const Weights<Rule::kState, Params>& weights, const Rule& rule, int weight,
                 int64_t begin, int64_t end) {
  const Rates rates = {weights.decay[weight], weights.lr(weight)};
  withGradient(weights.g(weight), 0, [&](const auto* g) {
    eachPiece(weights.w(weight), begin, end, [&](float* w, int64_t first, int64_t count) {
      float* state[Rule::kState];
      for (int k = 0; k < Rule::kState; k++) state[k] = weights.state(weight, k) + first;
      updatePiece(rule, rates, weights.gradientScale, w, state, g + first, count);
    });
  });
}

// An optimizer whose elements do not depend on each other.
template <class Rule, class Params>
bool updateWeights(const Call& call, const Params& params, const Rule& rule) {
  const Weights<Rule::kState, Params> weights(call, params);
  weights.each(partsOfElements(weights.total), [&](int, int weight, int64_t begin, int64_t end) {
    updateRange(weights, rule, weight, begin, end);
  });
  weights.changed();
  return true;
}

}  // namespace
}  // namespace cnn
