// Kernels that move values without computing: join, split, cut, repeat, transpose, pad, fill.
#include "strided.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 1 << 16;
constexpr int64_t kTransposeTile = 32;

template <class T>
void copy(T* to, const T* from, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
}

template <class T>
void fill(T* to, T value, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = value;
}

// Rows that consist of pieces; each piece is a tensor with the same number of rows.
struct Pieces {
  Pieces(const Call& call, const std::vector<Tensor>& pieces)
      : sizes(listsOf<PiecesParams>(call)), count(static_cast<int>(pieces.size())) {
    for (int i = 0; i < count; i++) row += sizes[i];
  }
  // Calls body(piece, offset in it, at, length) for all that make up the elements [begin, end) of
  // the joined rows.
  template <class Body>
  void walk(int64_t begin, int64_t end, const Body& body) const {
    int64_t r = begin / row;
    int64_t column = begin % row;
    int piece = 0;
    while (column >= sizes[piece]) column -= sizes[piece++];
    for (int64_t at = begin; at < end;) {
      int64_t length = sizes[piece] - column;
      if (length > end - at) length = end - at;
      body(piece, r * sizes[piece] + column, at, length);
      at += length;
      column = 0;
      if (++piece == count) {
        piece = 0;
        r++;
      }
    }
  }
  const int32_t* sizes;
  int count;
  int64_t row = 0;
};

template <class T>
bool copyStrided(const Call& call, const Strided<1>& walk, int64_t offset) {
  const T* from = valuesOf<T>(call.inputs[0]) + offset;
  T* to = valuesOf<T>(call.outputs[0]);
  const int64_t stride = walk.strides[0][walk.rank - 1];
  parallelFor(walk.size(), kGrain, [&](int64_t begin, int64_t end) {
    walk.runs(begin, end, [&](int64_t at, int64_t count, const int64_t* offsets) {
      const T* run = from + offsets[0];
      if (stride == 1) {
        copy(to + at, run, count);
      } else if (stride == 0) {
        fill(to + at, *run, count);
      } else {
        for (int64_t i = 0; i < count; i++) to[at + i] = run[i * stride];
      }
    });
  });
  return true;
}

// The axis along which the input is contiguous, where that is not the last one; -1 for none.
int contiguousAxis(const Strided<1>& walk) {
  if (walk.strides[0][walk.rank - 1] <= 1) return -1;
  for (int d = 0; d < walk.rank - 1; d++) {
    if (walk.strides[0][d] == 1 && walk.dims[d] >= 4) return d;
  }
  return -1;
}

// Exchanges the contiguous axis with the last one in square tiles that fit into the cache.
template <class T>
bool transposeTiles(const Call& call, const Strided<1>& walk, int64_t offset, int axis) {
  const T* from = valuesOf<T>(call.inputs[0]) + offset;
  T* to = valuesOf<T>(call.outputs[0]);
  const int last = walk.rank - 1;
  const int64_t columns = walk.dims[last];
  const int64_t stride = walk.strides[0][last];
  const int64_t tiles = (walk.dims[axis] + kTransposeTile - 1) / kTransposeTile;
  // All axes but those two, with the input's and the output's strides, then the tiles.
  Strided<2> outer;
  outer.rank = 0;
  int64_t outStride = columns;
  int64_t axisStride = 0;
  for (int d = last - 1; d >= 0; d--) {
    if (d == axis) axisStride = outStride;
    outStride *= walk.dims[d];
  }
  for (int d = 0; d < last; d++) {
    outStride /= walk.dims[d];
    if (d == axis) continue;
    outer.dims[outer.rank] = walk.dims[d];
    outer.strides[0][outer.rank] = walk.strides[0][d];
    outer.strides[1][outer.rank++] = outStride;
  }
  outer.dims[outer.rank] = tiles;
  outer.strides[0][outer.rank] = kTransposeTile;
  outer.strides[1][outer.rank++] = kTransposeTile * axisStride;
  parallelFor(outer.size(), kGrain / (kTransposeTile * columns) + 1,
              [&](int64_t begin, int64_t end) {
                outer.runs(begin, end, [&](int64_t at, int64_t count, const int64_t* offsets) {
                  for (int64_t tile = 0; tile < count; tile++) {
                    const T* in = from + offsets[0] + tile * kTransposeTile;
                    T* out = to + offsets[1] + tile * kTransposeTile * axisStride;
                    int64_t rows = walk.dims[axis] - (at + tile) % tiles * kTransposeTile;
                    if (rows > kTransposeTile) rows = kTransposeTile;
                    for (int64_t c = 0; c < columns; c += kTransposeTile) {
                      int64_t end = c + kTransposeTile < columns ? c + kTransposeTile : columns;
                      for (int64_t r = 0; r < rows; r++) {
                        for (int64_t i = c; i < end; i++)
                          out[r * axisStride + i] = in[i * stride + r];
                      }
                    }
                  }
                });
              });
  return true;
}

template <class T>
bool pad(const Call& call, const PadParams& params) {
  const int rank = params.rank;
  const int32_t* outDims = listsOf<PadParams>(call);
  const int32_t* before = outDims + rank;
  const int32_t* inDims = before + rank;
  const T value = fromFloat<T>(params.value);
  const T* from = valuesOf<T>(call.inputs[0]);
  T* to = valuesOf<T>(call.outputs[0]);
  const int last = rank - 1;
  const int64_t columns = outDims[last];
  parallelFor(call.outputs[0].size / columns, kGrain / columns + 1,
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; row++) {
                  T* line = to + row * columns;
                  int64_t rest = row;
                  int64_t inRow = 0;
                  int64_t inStride = 1;
                  bool inside = true;
                  for (int d = last - 1; d >= 0; d--) {
                    int64_t index = rest % outDims[d] - before[d];
                    rest /= outDims[d];
                    inside = inside && index >= 0 && index < inDims[d];
                    inRow += index * inStride;
                    inStride *= inDims[d];
                  }
                  if (!inside) {
                    fill(line, value, columns);
                    continue;
                  }
                  fill(line, value, before[last]);
                  copy(line + before[last], from + inRow * inDims[last], inDims[last]);
                  int64_t filled = before[last] + inDims[last];
                  fill(line + filled, value, columns - filled);
                }
              });
  return true;
}

}  // namespace

CNN_KERNEL(Concat, PiecesParams) {
  const Pieces pieces(call, call.inputs);
  keepBound(&call.inputs[0], call.inputs.size(), call.outputs[0]);
  return withElementOf(call.outputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    T* to = valuesOf<T>(call.outputs[0]);
    parallelFor(call.outputs[0].size, kGrain, [&](int64_t begin, int64_t end) {
      pieces.walk(begin, end, [&](int piece, int64_t offset, int64_t at, int64_t length) {
        copy(to + at, valuesOf<T>(call.inputs[piece]) + offset, length);
      });
    });
    return true;
  });
}

CNN_KERNEL(SplitV, PiecesParams) {
  const Pieces pieces(call, call.outputs);
  return withElementOf(call.inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = valuesOf<T>(call.inputs[0]);
    parallelFor(call.inputs[0].size, kGrain, [&](int64_t begin, int64_t end) {
      pieces.walk(begin, end, [&](int piece, int64_t offset, int64_t at, int64_t length) {
        copy(valuesOf<T>(call.outputs[piece]) + offset, from + at, length);
      });
    });
    return true;
  });
}

CNN_KERNEL(StridedCopy, StridedCopyParams) {
  const Strided<1> walk(params.rank, listsOf<StridedCopyParams>(call));
  const int64_t offset = params.offset;
  const int axis = contiguousAxis(walk);
  return withElementOf(call.outputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    return axis < 0 ? copyStrided<T>(call, walk, offset)
                    : transposeTiles<T>(call, walk, offset, axis);
  });
}

CNN_KERNEL(PadV2, PadParams) {
  return withType(call.outputs[0].dtype,
                  [&](auto zero) { return pad<decltype(zero)>(call, params); });
}

CNN_KERNEL(Fill, FillParams) {
  const Tensor& output = call.outputs[0];
  return withType(output.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* to = valuesOf<T>(output);
    const T value = fromFloat<T>(params.value);
    parallelFor(output.size, kGrain,
                [&](int64_t begin, int64_t end) { fill(to + begin, value, end - begin); });
    return true;
  });
}

}  // namespace cnn
