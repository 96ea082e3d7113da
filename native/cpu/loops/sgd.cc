// Stochastic gradient descent with momentum over all weights in one call: one pass over memory,
// cut evenly between threads by elements, not by tensors.
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kCut = 64;  // threads meet at multiples of this many elements
constexpr int64_t kCutsGrain = 256;
constexpr int64_t kPiece = 2048;

struct Rule {
  float momentum, lr, decay;
};

// PyTorch's rule: g += decay * w; m = momentum * m + g; w -= lr * (nesterov ? g + momentum * m : m)
template <bool NESTEROV, class G>
void updatePiece(float* __restrict w, float* __restrict m, const G* __restrict g, int64_t count,
                 Rule rule) {
  for (int64_t i = 0; i < count; i++) {
    float gradient = toFloat(g[i]) + rule.decay * w[i];
    float velocity = rule.momentum * m[i] + gradient;
    m[i] = velocity;
    w[i] -= rule.lr * (NESTEROV ? gradient + rule.momentum * velocity : velocity);
  }
}

void narrowPiece(const float* __restrict w, bf16* __restrict narrow, int64_t count) {
  for (int64_t i = 0; i < count; i++) narrow[i] = fromFloat<bf16>(w[i]);
}

// In pieces that stay in the first cache until their bfloat16 copy is written.
template <bool NESTEROV, class G>
void update(float* w, float* m, const G* g, bf16* narrow, int64_t count, Rule rule) {
  for (int64_t i = 0; i < count; i += kPiece) {
    int64_t piece = count - i < kPiece ? count - i : kPiece;
    updatePiece<NESTEROV>(w + i, m + i, g + i, piece, rule);
    if (narrow != nullptr) narrowPiece(w + i, narrow + i, piece);
  }
}

struct Settings {
  Settings(const Call& call, const SgdParams& params)
      : params(params),
        count(static_cast<int>(call.inputs.size() / 3)),
        decay(listsOf<SgdParams, float>(call)),
        lrScale(decay + count) {}
  Rule rule(int weight) const {
    return {params.momentum, params.lr * lrScale[weight], decay[weight]};
  }
  const SgdParams& params;
  int count;
  const float* decay;
  const float* lrScale;
};

template <bool NESTEROV>
void updateRange(const Call& call, const Settings& settings, int weight, int64_t begin,
                 int64_t end) {
  float* w = valuesOf<float>(call.inputs[3 * weight]) + begin;
  float* m = valuesOf<float>(call.inputs[3 * weight + 1]) + begin;
  const Tensor& gradient = call.inputs[3 * weight + 2];
  const Rule rule = settings.rule(weight);
  const Storage& storage = *call.inputs[3 * weight].storage;
  bf16* narrow = storage.narrow ? static_cast<bf16*>(storage.narrow->data()) + begin : nullptr;
  if (gradient.dtype == DType::Float32) {
    update<NESTEROV>(w, m, valuesOf<float>(gradient) + begin, narrow, end - begin, rule);
  } else {
    update<NESTEROV>(w, m, valuesOf<bf16>(gradient) + begin, narrow, end - begin, rule);
  }
}

bool takes(const Call& call, int weight) {
  const Tensor& w = call.inputs[3 * weight];
  const Tensor& m = call.inputs[3 * weight + 1];
  const Tensor& g = call.inputs[3 * weight + 2];
  return w.dtype == DType::Float32 && m.dtype == DType::Float32 && w.size == m.size &&
         w.size == g.size && (g.dtype == DType::Float32 || g.dtype == DType::BFloat16);
}

}  // namespace

// Inputs w0, m0, g0, w1, …; w and m change in place.
CNN_KERNEL(Sgd, SgdParams) {
  const Settings settings(call, params);
  if (call.parameterCount != fixedWords<SgdParams>() + 2 * settings.count) return false;
  int64_t total = 0;
  for (int i = 0; i < settings.count; i++) {
    if (!takes(call, i)) return false;
    total += call.inputs[3 * i].size;
  }
  const int64_t cuts = (total + kCut - 1) / kCut;
  parallelFor(cuts, kCutsGrain, [&](int64_t first, int64_t last) {
    const int64_t begin = first * kCut, end = last * kCut < total ? last * kCut : total;
    int64_t start = 0;
    for (int i = 0; i < settings.count && start < end; i++) {
      const int64_t size = call.inputs[3 * i].size;
      const int64_t from = begin > start ? begin - start : 0;
      const int64_t to = end - start < size ? end - start : size;
      if (from < to) {
        params.nesterov ? updateRange<true>(call, settings, i, from, to)
                        : updateRange<false>(call, settings, i, from, to);
      }
      start += size;
    }
  });
  for (int i = 0; i < settings.count; i++) {
    Storage& storage = *call.inputs[3 * i].storage;
    storage.version++;
    if (storage.narrow) storage.narrowVersion = storage.version;
    call.inputs[3 * i + 1].storage->version++;
  }
  return true;
}

}  // namespace cnn
