// Stochastic gradient descent with momentum over all weights in one launch, which also writes the
// copies that products read: the weights are read and written once in a step.
#include "kernels.h"

namespace cnn {
namespace {

using namespace cuda;

constexpr int kTile = 64;                 // rows and columns of a transposed tile
constexpr int kPerBlock = kTile * kTile;  // elements of a block
constexpr int kTileStride = kTile + 1;    // so that columns lie in different banks
constexpr int kWeightsPerLaunch = 448;    // what kernels' parameters have room for

enum class Copy : int8_t { None, Same, Transposed };

struct Weight {
  float* w;
  float* m;
  const void* g;
  void* copy;
  int64_t size;
  int32_t rows, columns;  // of a weight with a transposed copy
  float decay, lr;
  int32_t firstBlock;
  Copy kind;
  bool narrowGradient, narrowCopy;
};

struct Weights {
  Weight of[kWeightsPerLaunch];
  int32_t count;
  float momentum;
  bool nesterov;
};
static_assert(sizeof(Weights) <= 32764, "kernels' parameters hold no more");

template <int COUNT>
using Floats = Pack<float, COUNT>;

template <int COUNT>
__device__ inline Floats<COUNT> gradientAt(const Weight& weight, int64_t i) {
  if (!weight.narrowGradient) return load<float, COUNT>(static_cast<const float*>(weight.g) + i);
  const auto narrow = load<bf16, COUNT>(static_cast<const bf16*>(weight.g) + i);
  Floats<COUNT> wide;
  for (int k = 0; k < COUNT; k++) wide.values[k] = toFloat(narrow.values[k]);
  return wide;
}

// PyTorch's rule: g += decay * w; m = momentum * m + g; w -= lr * (nesterov ? g + momentum * m : m)
template <int COUNT>
__device__ inline Floats<COUNT> updated(const Weights& all, const Weight& weight, int64_t i) {
  Floats<COUNT> w = load<float, COUNT>(weight.w + i);
  Floats<COUNT> m = load<float, COUNT>(weight.m + i);
  const Floats<COUNT> g = gradientAt<COUNT>(weight, i);
  for (int k = 0; k < COUNT; k++) {
    const float gradient = g.values[k] + weight.decay * w.values[k];
    m.values[k] = all.momentum * m.values[k] + gradient;
    const float step = all.nesterov ? gradient + all.momentum * m.values[k] : m.values[k];
    w.values[k] -= weight.lr * step;
  }
  store(weight.m + i, m);
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

template <int COUNT>
__device__ inline void updateAt(const Weights& all, const Weight& weight, int64_t i) {
  const Floats<COUNT> values = updated<COUNT>(all, weight, i);
  if (weight.kind == Copy::Same) writeCopy(weight, i, values);
}

__device__ inline void updateRange(const Weights& all, const Weight& weight, int block) {
  const int64_t begin = int64_t{block} * kPerBlock;
  const int64_t end = begin + kPerBlock < weight.size ? begin + kPerBlock : weight.size;
  for (int64_t i = begin + 4 * threadIdx.x; i < end; i += 4 * kBlock) {
    if (i + 4 <= end) {
      updateAt<4>(all, weight, i);
    } else {
      for (int64_t k = i; k < end; k++) updateAt<1>(all, weight, k);
    }
  }
}

__device__ inline void updateTile(const Weights& all, const Weight& weight, int block,
                                  float* tile) {
  const int tilesInRow = (weight.columns + kTile - 1) / kTile;
  const int row = block / tilesInRow * kTile, column = block % tilesInRow * kTile;
  const int x = threadIdx.x % kTile, y = threadIdx.x / kTile;
  for (int i = y; i < kTile; i += kBlock / kTile) {
    if (row + i < weight.rows && column + x < weight.columns) {
      const int64_t at = int64_t{row + i} * weight.columns + column + x;
      tile[i * kTileStride + x] = updated<1>(all, weight, at).values[0];
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

__global__ void __launch_bounds__(kBlock) updateWeights(const Weights __grid_constant__ all) {
  SHARED(float, tile, kTile* kTileStride);
  const int block = static_cast<int>(blockIdx.x);
  int low = 0, high = all.count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    all.of[middle].firstBlock <= block ? low = middle : high = middle - 1;
  }
  const Weight& weight = all.of[low];
  const int own = block - weight.firstBlock;
  weight.kind == Copy::Transposed ? updateTile(all, weight, own, tile)
                                  : updateRange(all, weight, own);
}

bool takes(const Call& call, size_t weight) {
  const Tensor& w = call.inputs[3 * weight];
  const Tensor& m = call.inputs[3 * weight + 1];
  const Tensor& g = call.inputs[3 * weight + 2];
  return w.dtype == DType::Float32 && m.dtype == DType::Float32 && w.size == m.size &&
         w.size == g.size && (g.dtype == DType::Float32 || g.dtype == DType::BFloat16);
}

int64_t blocksOf(const Weight& weight) {
  if (weight.kind != Copy::Transposed) return (weight.size + kPerBlock - 1) / kPerBlock;
  const int64_t down = (weight.rows + kTile - 1) / kTile;
  return down * ((weight.columns + kTile - 1) / kTile);
}

// The copy that products read (products/operands.h), if it is up to date, is written too, and
// belongs to the weight's next version then.
void addCopy(Storage& storage, Weight* weight) {
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

// What the kernel needs of a weight.
Weight describe(const Call& call, size_t index, const SgdParams& params) {
  const size_t count = call.inputs.size() / 3;
  const float* decay = listsOf<SgdParams, float>(call);
  const Tensor& w = call.inputs[3 * index];
  const Tensor& g = call.inputs[3 * index + 2];
  Weight weight = {};
  weight.w = valuesOf<float>(w);
  weight.m = valuesOf<float>(call.inputs[3 * index + 1]);
  weight.g = g.raw();
  weight.size = w.size;
  weight.decay = decay[index];
  weight.lr = params.lr * decay[count + index];
  weight.narrowGradient = g.dtype == DType::BFloat16;
  addCopy(*w.storage, &weight);
  w.storage->version++;
  call.inputs[3 * index + 1].storage->version++;
  return weight;
}

}  // namespace

// Inputs w0, m0, g0, w1, …; w and m change in place.
CNN_CUDA_KERNEL(Sgd, SgdParams) {
  const size_t count = call.inputs.size() / 3;
  if (call.parameterCount != fixedWords<SgdParams>() + 2 * static_cast<int>(count)) return false;
  for (size_t i = 0; i < count; i++) {
    if (!takes(call, i)) return false;
  }
  for (size_t first = 0; first < count; first += kWeightsPerLaunch) {
    Weights all = {};
    all.momentum = params.momentum;
    all.nesterov = params.nesterov != 0;
    int64_t blocks = 0;
    for (size_t i = first; i < count && all.count < kWeightsPerLaunch; i++) {
      if (call.inputs[3 * i].size == 0) continue;
      Weight weight = describe(call, i, params);
      weight.firstBlock = static_cast<int32_t>(blocks);
      blocks += blocksOf(weight);
      all.of[all.count++] = weight;
    }
    if (all.count == 0) continue;
    LAUNCH(updateWeights, static_cast<unsigned>(blocks), kBlock, streamOf(call), all);
  }
  return true;
}

}  // namespace cnn
