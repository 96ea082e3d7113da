// What optimizers share: all weights change in one launch, which also writes the copies that
// products read: the weights are read and written once in a step.
#pragma once
#include "common/optimizer_rules.h"
#include "items.h"

namespace cnn::cuda {

constexpr int kTile = 64;               // rows and columns of a transposed tile
constexpr int kTileStride = kTile + 1;  // so that columns lie in different banks
static_assert(kTile * kTile == kPerBlock, "a tile is a block's");

enum class Copy : int8_t { None, Same, Transposed };

struct Weight : Rates {
  float* w;
  float* state[2];
  const void* g;
  void* copy;
  int64_t size;
  int32_t rows, columns;  // of a weight with a transposed copy
  int32_t firstBlock;
  int32_t number;  // in the call
  Copy kind;
  bool narrowGradient, narrowCopy;
};

constexpr int kWeightsPerLaunch = 400;

// A Rule is one of common/optimizer_rules.h, or alike with update(w, state, g, Weight).
template <class Rule>
struct Weights {
  Weight of[kWeightsPerLaunch];
  int32_t count;
  float gradientScale;
  const float* scale;  // in its place, where there is one
  Rule rule;

  __device__ float gradientFactor() const { return scale ? *scale : gradientScale; }
};

template <int COUNT, class Rule>
__device__ inline Floats<COUNT> updated(const Weights<Rule>& all, const Weight& weight, float scale,
                                        int64_t i) {
  constexpr int kState = Rule::kState;
  Floats<COUNT> w = load<float, COUNT>(weight.w + i);
  Floats<COUNT> state[kState];
  for (int s = 0; s < kState; s++) state[s] = load<float, COUNT>(weight.state[s] + i);
  const Floats<COUNT> g = floatsAt<COUNT>(weight.g, weight.narrowGradient, i);
  for (int k = 0; k < COUNT; k++) {
    float values[kState];
    for (int s = 0; s < kState; s++) values[s] = state[s].values[k];
    all.rule.update(w.values[k], values, scaled(g.values[k], scale), weight);
    for (int s = 0; s < kState; s++) state[s].values[k] = values[s];
  }
  for (int s = 0; s < kState; s++) store(weight.state[s] + i, state[s]);
  store(weight.w + i, w);
  return w;
}

template <int COUNT>
__device__ inline void writeCopy(const Weight& weight, int64_t i, const Floats<COUNT>& values) {
  if (!weight.narrowCopy) return store(static_cast<float*>(weight.copy) + i, values);
  Pack<bf16, COUNT> narrow;
  for (int k = 0; k < COUNT; k++) narrow.values[k] = fromFloat<bf16>(values.values[k]);
  store(static_cast<bf16*>(weight.copy) + i, narrow);
}

template <int COUNT, class Rule>
__device__ inline void updateAt(const Weights<Rule>& all, const Weight& weight, float scale,
                                int64_t i) {
  const Floats<COUNT> values = updated<COUNT>(all, weight, scale, i);
  if (weight.kind == Copy::Same) writeCopy(weight, i, values);
}

template <class Rule>
__device__ inline void updateTile(const Weights<Rule>& all, const Weight& weight, float scale,
                                  int block, float* tile) {
  const int tilesInRow = (weight.columns + kTile - 1) / kTile;
  const int row = block / tilesInRow * kTile, column = block % tilesInRow * kTile;
  const int x = threadIdx.x % kTile, y = threadIdx.x / kTile;
  for (int i = y; i < kTile; i += kBlock / kTile) {
    if (row + i < weight.rows && column + x < weight.columns) {
      const int64_t at = int64_t{row + i} * weight.columns + column + x;
      tile[i * kTileStride + x] = updated<1>(all, weight, scale, at).values[0];
    }
  }
  __syncthreads();
  for (int i = y; i < kTile; i += kBlock / kTile) {
    if (row + x < weight.rows && column + i < weight.columns) {
      const Floats<1> value = {{tile[x * kTileStride + i]}};
      writeCopy(weight, int64_t{column + i} * weight.rows + row + x, value);
    }
  }
}

template <class Rule>
__global__ void __launch_bounds__(kBlock) updateWeights(const Weights<Rule> __grid_constant__ all) {
  SHARED(float, tile, kTile* kTileStride);
  const Weight& weight = all.of[itemOf(all.of, all.count, static_cast<int>(blockIdx.x))];
  const int own = static_cast<int>(blockIdx.x) - weight.firstBlock;
  const float scale = all.gradientFactor();
  if (weight.kind == Copy::Transposed) {
    updateTile(all, weight, scale, own, tile);
  } else {
    eachElement(
        weight.size, own, [&](int64_t i) { updateAt<4>(all, weight, scale, i); },
        [&](int64_t i) { updateAt<1>(all, weight, scale, i); });
  }
}

inline int64_t blocksOf(const Weight& weight) {
  if (weight.kind != Copy::Transposed) return blocksOf(weight.size);
  const int64_t down = (weight.rows + kTile - 1) / kTile;
  return down * ((weight.columns + kTile - 1) / kTile);
}

// The copy that products read (products/operands.h), if it is up to date, is written too, and
// belongs to the weight's next version then.
inline void addCopy(Storage& storage, Weight* weight) {
  for (PackedWeight& packed : storage.packed) {
    if (packed.version != storage.version) continue;
    weight->copy = packed.block->data();
    weight->kind = Copy::Transposed;
    weight->narrowCopy = packed.key == nameOf(DType::BFloat16);
    weight->rows = static_cast<int32_t>(packed.rows);
    weight->columns = static_cast<int32_t>(weight->size / packed.rows);
    packed.version++;
    return;
  }
  if (storage.narrow && storage.narrowVersion == storage.version) {
    weight->copy = storage.narrow->data();
    weight->kind = Copy::Same;
    weight->narrowCopy = true;
    storage.narrowVersion++;
  }
}

// The inputs of a call: for each weight w, STATE tensors of its size, and g; w and the state change
// in place. A last input of one element is the factor of the gradients.
template <int STATE, class Params>
struct Inputs {
  static constexpr size_t kGroup = STATE + 2;
  Inputs(const Call& call, const Params& params)
      : call(call), params(params), count(call.inputs.size() / kGroup) {}
  const float* scale() const {
    return call.inputs.size() % kGroup == 0 ? nullptr : valuesOf<float>(call.inputs.back());
  }
  // What kernels need of a weight, without the copy that products read.
  Weight plain(size_t index) const {
    const float* decay = listsOf<Params, float>(call);
    const Tensor* group = &call.inputs[kGroup * index];
    const Tensor& g = group[STATE + 1];
    Weight weight = {};
    weight.w = valuesOf<float>(group[0]);
    for (int k = 0; k < STATE; k++) weight.state[k] = valuesOf<float>(group[1 + k]);
    weight.g = g.raw();
    weight.size = group[0].size;
    weight.decay = decay[index];
    weight.lr = params.lr * decay[count + index];
    weight.number = static_cast<int32_t>(index);
    weight.narrowGradient = g.dtype == DType::BFloat16;
    return weight;
  }
  // The same with the copy, for a launch that changes the weight.
  Weight changing(size_t index) const {
    Weight weight = plain(index);
    Storage& storage = *call.inputs[kGroup * index].storage;
    addCopy(storage, &weight);
    for (size_t k = 0; k <= STATE; k++) call.inputs[kGroup * index + k].storage->version++;
    return weight;
  }

  const Call& call;
  const Params& params;
  const size_t count;
};

// Calls launch(all, blocks) for as many weights at a time as a launch has room for; weightOf(index)
// describes one.
template <class Rule, class Params, class WeightOf, class Launch>
void eachLaunch(const Inputs<Rule::kState, Params>& inputs, const Rule& rule,
                const WeightOf& weightOf, const Launch& launch) {
  static_assert(sizeof(Weights<Rule>) <= kMostParameterBytes, "kernels' parameters hold no more");
  for (size_t first = 0; first < inputs.count; first += kWeightsPerLaunch) {
    Weights<Rule> all = {};
    all.gradientScale = inputs.params.gradientScale;
    all.scale = inputs.scale();
    all.rule = rule;
    int64_t blocks = 0;
    for (size_t i = first; i < inputs.count && i < first + kWeightsPerLaunch; i++) {
      Weight weight = weightOf(i);
      if (weight.size == 0) continue;
      weight.firstBlock = static_cast<int32_t>(blocks);
      blocks += blocksOf(weight);
      all.of[all.count++] = weight;
    }
    if (all.count > 0) launch(all, static_cast<unsigned>(blocks));
  }
}

// An optimizer whose elements do not depend on each other.
template <class Rule, class Params>
bool updateAll(const Call& call, const Params& params, const Rule& rule) {
  const Inputs<Rule::kState, Params> inputs(call, params);
  eachLaunch(
      inputs, rule, [&](size_t i) { return inputs.changing(i); },
      [&](const Weights<Rule>& all, unsigned blocks) {
        LAUNCH(updateWeights<Rule>, blocks, kBlock, streamOf(call), all);
      });
  return true;
}

}  // namespace cnn::cuda
