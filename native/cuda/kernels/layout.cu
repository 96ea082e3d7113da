// Kernels that move values without computing: cut, repeat, transpose, pad, fill.
#include "elementwise.h"
#include "strided.h"

namespace cnn {
namespace {

constexpr int kTile = 32;     // side of the squares that a block transposes
constexpr int kTileRows = 8;  // of them that its threads move at once

// Elements that are moved at once; more than 8 bytes at a time need too many registers.
template <class T>
constexpr int kMoved = sizeof(T) == 1 ? 8 : cuda::kPack<T>;

template <class T, int COUNT>
struct StridedWork {
  static constexpr int kPack = COUNT;
  using Loaded = cuda::Pack<T, COUNT>;
  __device__ Loaded load(int64_t first) const {
    int64_t offsets[1];
    walk.find(static_cast<uint32_t>(first), offsets);
    return loadAlong<COUNT>(from + offsets[0], walk.strides[0][0]);
  }
  __device__ void store(int64_t first, const Loaded& loaded) const {
    cuda::store(to + first, loaded);
  }
  // The last axis holds whole packs.
  __device__ void one(int64_t) const {}
  Walk<1> walk;
  const T* from;
  T* to;
};

template <class T>
void copyStrided(const Call& call, const Axes<1>& all, const T* from, T* to, bool aligned) {
  inParts(all, [&](const Axes<1>& axes, const int64_t* offsets, int64_t at) {
    const T* part = from + offsets[0];
    if (aligned && all.packed(kMoved<T>) && axes.packed(kMoved<T>)) {
      launchEachPack(call, StridedWork<T, kMoved<T>>{Walk<1>(axes), part, to + at}, axes.count());
    } else {
      launchEachPack(call, StridedWork<T, 1>{Walk<1>(axes), part, to + at}, axes.count());
    }
  });
}

// Two axes that change places: `axis`, along which the input is contiguous, and the last one.
struct Transposition {
  Transposition(const Axes<1>& axes, int axis)
      : rows(axes.sizes[axis]),
        columns(axes.sizes[axes.last()]),
        columnStride(axes.strides[0][axes.last()]) {
    int64_t outStride = 1;
    for (int d = axes.last(); d >= 0; d--) {
      if (d == axis) {
        rowStride = outStride;
      } else if (d != axes.last()) {
        sizes[rank] = axes.sizes[d];
        inStrides[rank] = axes.strides[0][d];
        outStrides[rank++] = outStride;
        outer *= axes.sizes[d];
      }
      outStride *= axes.sizes[d];
    }
    rowTiles = (rows + kTile - 1) / kTile;
    columnTiles = (columns + kTile - 1) / kTile;
  }
  int64_t tiles() const { return outer * rowTiles * columnTiles; }

  int32_t rows, columns;
  int64_t columnStride;   // in the input, whose rows are contiguous
  int64_t rowStride = 0;  // in the output, whose columns are
  int32_t rowTiles, columnTiles;
  // The other axes, the last one first.
  int rank = 0;
  int32_t sizes[kMaxRank];
  int64_t inStrides[kMaxRank], outStrides[kMaxRank];
  int64_t outer = 1;
};

// The place of a tile.
struct Tile {
  __device__ Tile(const Transposition& t, int64_t number) {
    column = static_cast<int32_t>(number % t.columnTiles) * kTile;
    number /= t.columnTiles;
    row = static_cast<int32_t>(number % t.rowTiles) * kTile;
    number /= t.rowTiles;
    for (int d = 0; d < t.rank; d++) {
      in += number % t.sizes[d] * t.inStrides[d];
      out += number % t.sizes[d] * t.outStrides[d];
      number /= t.sizes[d];
    }
  }
  int32_t row, column;
  int64_t in = 0, out = 0;
};

// Reads and writes are both of neighbours. A line of the square is one longer, so that its columns
// are in different banks.
template <class T>
__global__ void __launch_bounds__(kBlock)
    transposeTiles(const T* from, T* to, Transposition t, int64_t tiles) {
  SHARED(T, square, kTile * (kTile + 1));
  for (int64_t number = blockIdx.x; number < tiles; number += gridDim.x) {
    const Tile tile(t, number);
    const int32_t row = tile.row + threadIdx.x;
    for (unsigned i = threadIdx.y; i < kTile; i += kTileRows) {
      const int32_t column = tile.column + i;
      if (row < t.rows && column < t.columns) {
        square[i * (kTile + 1) + threadIdx.x] = from[tile.in + column * t.columnStride + row];
      }
    }
    __syncthreads();
    const int32_t column = tile.column + threadIdx.x;
    for (unsigned i = threadIdx.y; i < kTile; i += kTileRows) {
      const int32_t row = tile.row + i;
      if (row < t.rows && column < t.columns) {
        to[tile.out + row * t.rowStride + column] = square[threadIdx.x * (kTile + 1) + i];
      }
    }
    __syncthreads();
  }
}

// The axis along which the input is contiguous, where squares of it and the last one are worth it;
// -1 for none.
int transposedAxis(const Axes<1>& axes) {
  constexpr int kLeast = 8;
  if (axes.strides[0][axes.last()] <= 1 || axes.sizes[axes.last()] < kLeast) return -1;
  for (int d = 0; d < axes.last(); d++) {
    if (axes.strides[0][d] == 1 && axes.sizes[d] >= kLeast) return d;
  }
  return -1;
}

// Inner axes of `sizes`, the last one first, with `before` values of padding before each.
template <class T, int COUNT>
struct PadWork {
  static constexpr int kPack = COUNT;
  using Loaded = cuda::Pack<T, COUNT>;
  __device__ Loaded load(int64_t first) const {
    uint32_t index = static_cast<uint32_t>(first);
    int64_t offset = 0;
    bool inside = true;
#pragma unroll
    for (int d = 0; d < kMaxRank; d++) {
      if (d == rank) break;
      const uint32_t rest = d == rank - 1 ? 0 : sizes[d].divide(index);
      const int32_t place = static_cast<int32_t>(index) - before[d];
      inside = inside && place >= 0 && place < inSizes[d];
      offset += place * inStrides[d];
      index = rest;
    }
    if (inside) return cuda::load<T, COUNT>(from + offset);
    Loaded padding;
#pragma unroll
    for (int i = 0; i < COUNT; i++) padding.values[i] = value;
    return padding;
  }
  __device__ void store(int64_t first, const Loaded& loaded) const {
    cuda::store(to + first, loaded);
  }
  // The last axis holds whole packs.
  __device__ void one(int64_t) const {}

  int rank;
  T value;
  Divisor sizes[kMaxRank];
  int32_t before[kMaxRank], inSizes[kMaxRank];
  int64_t inStrides[kMaxRank];
  const T* from;
  T* to;
};

template <class T, int COUNT>
void pad(const Call& call, const PadParams& params) {
  const int rank = params.rank;
  const int32_t* outSizes = listsOf<PadParams>(call);
  const int32_t *before = outSizes + rank, *inSizes = before + rank;
  PadWork<T, COUNT> work;
  work.rank = rank;
  work.value = fromFloat<T>(params.value);
  work.from = valuesOf<T>(call.inputs[0]);
  work.to = valuesOf<T>(call.outputs[0]);
  int64_t inStride = 1, inner = 1;
  for (int d = 0; d < rank; d++) {
    const int axis = rank - 1 - d;
    work.sizes[d] = Divisor(outSizes[axis]);
    work.before[d] = before[axis];
    work.inSizes[d] = inSizes[axis];
    work.inStrides[d] = inStride;
    inStride *= inSizes[axis];
    if (axis > 0) inner *= outSizes[axis];
  }
  // As many of the first axis at once as a Divisor can tell apart.
  const int64_t most = kMostDivided / inner;
  if (most == 0)
    throw std::runtime_error("expected less than 2^31 values in all but the first axis");
  for (int64_t first = 0; first < outSizes[0]; first += most) {
    const int64_t count = outSizes[0] - first < most ? outSizes[0] - first : most;
    work.before[rank - 1] = static_cast<int32_t>(before[0] - first);
    launchEachPack(call, work, count * inner);
    work.to += count * inner;
  }
}

template <class T>
struct FillWork {
  static constexpr int kPack = packOf<T>();
  struct Loaded {};
  __device__ Loaded load(int64_t) const { return {}; }
  __device__ void store(int64_t first, Loaded) const {
    cuda::Pack<T, kPack> pack;
#pragma unroll
    for (int i = 0; i < kPack; i++) pack.values[i] = value;
    cuda::store(to + first, pack);
  }
  __device__ void one(int64_t i) const { to[i] = value; }
  T* to;
  T value;
};

}  // namespace

CNN_CUDA_KERNEL(StridedCopy, StridedCopyParams) {
  const Axes<1> axes(params.rank, listsOf<StridedCopyParams>(call));
  const int axis = transposedAxis(axes);
  return withElementOf(call.outputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = valuesOf<T>(call.inputs[0]) + params.offset;
    T* to = valuesOf<T>(call.outputs[0]);
    if (axis < 0) {
      copyStrided(call, axes, from, to, params.offset % kMoved<T> == 0);
      return true;
    }
    const Transposition transposition(axes, axis);
    const int64_t tiles = transposition.tiles();
    LAUNCH(transposeTiles<T>, blocksFor(call, tiles * kBlock), dim3(kTile, kTileRows),
           streamOf(call), from, to, transposition, tiles);
    return true;
  });
}

CNN_CUDA_KERNEL(PadV2, PadParams) {
  if (params.rank < 1 || params.rank > kMaxRank) return false;
  const int32_t* outSizes = listsOf<PadParams>(call);
  const int last = params.rank - 1;
  // The last axis: its size, its padding and the input's.
  const int32_t all =
      outSizes[last] | outSizes[params.rank + last] | outSizes[2 * params.rank + last];
  return withType(call.outputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    if (all % kMoved<T> == 0) {
      pad<T, kMoved<T>>(call, params);
    } else {
      pad<T, 1>(call, params);
    }
    return true;
  });
}

CNN_CUDA_KERNEL(Fill, FillParams) {
  const Tensor& output = call.outputs[0];
  return withType(output.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = fromFloat<T>(params.value);
    launchEachPack(call, FillWork<T>{valuesOf<T>(output), value}, output.size);
    return true;
  });
}

}  // namespace cnn
