// 1×1 convolutions as one product of matrices, forward with bias and ReLU, and the input's
// gradient. Where the processor multiplies bfloat16 itself the fixed table has this for float32
// only.
#include "pointwise.h"

namespace cnn {
namespace {

// Rows of a block, in tiles, whose values stay in the second cache.
constexpr int64_t kBlockTiles = 8;

// A product: `rows` pixels of `inner` channels by a filter to `columns` channels.
struct Product {
  int64_t rows, inner, columns;
  bool transposed;  // the filter is (columns, inner)
  bool relu;
};

// The filter in panels of kTileColumns columns, the last one padded with zeros.
void packPanels(const float* filter, const Product& p, float* panels) {
  const int64_t count = (p.columns + kTileColumns - 1) / kTileColumns;
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      float* to = panels + panel * p.inner * kTileColumns;
      const int64_t first = panel * kTileColumns;
      const int64_t width = p.columns - first < kTileColumns ? p.columns - first : kTileColumns;
      for (int64_t step = 0; step < p.inner; step++, to += kTileColumns) {
        const float* from = filter + (p.transposed ? step : step * p.columns + first);
        for (int64_t i = 0; i < kTileColumns; i++) to[i] = 0;
        if (p.transposed) {
          for (int64_t i = 0; i < width; i++) to[i] = from[(first + i) * p.inner];
        } else {
          widen(from, to, width);
        }
      }
    }
  });
}

// Bias and ReLU of a row of sums, stored in the output's type.
template <class T>
void finishRow(const float* __restrict sums, const float* __restrict bias, bool hasRelu,
               int64_t columns, T* out) {
  storeRow(out, columns, [&](float* __restrict to, int64_t begin, int64_t count) {
    const float* __restrict from = sums + begin;
    if (bias == nullptr) {
      for (int64_t i = 0; i < count; i++) to[i] = from[i];
    } else {
      for (int64_t i = 0; i < count; i++) to[i] = from[i] + bias[begin + i];
    }
    if (!hasRelu) return;
    for (int64_t i = 0; i < count; i++) to[i] = relu(to[i]);
  });
}

// out[toRow(row)] = in[fromRow(row)] · filter
template <class T, class FromRow, class ToRow>
void multiplyRows(const Call& call, const Product& p, const T* in, const FromRow& fromRow,
                  const float* filter, const float* bias, T* out, const ToRow& toRow) {
  const int64_t innerStride = paddedRow(p.inner), sumsStride = roundUp(p.columns, kTileColumns);
  const int64_t threads = omp_get_max_threads();
  // The same number of blocks for each thread, of whole tiles.
  const int64_t most = kBlockTiles * kTileRows;
  const int64_t blocks = roundUp((p.rows + most - 1) / most, threads);
  const int64_t block = roundUp((p.rows + blocks - 1) / blocks, kTileRows);
  const int64_t panelFloats = p.inner * sumsStride, partFloats = block * (innerStride + sumsStride);
  const size_t bytes = static_cast<size_t>(panelFloats + threads * partFloats) * 4;
  float* panels = static_cast<float*>(call.context.scratchMemory(bytes));
  if (call.context.measuring) return;
  packPanels(filter, p, panels);
  parallelParts(partsFor(blocks, 1), blocks, [&](int part, int64_t begin, int64_t end) {
    float* left = panels + panelFloats + part * partFloats;
    float* sums = left + block * innerStride;
    for (int64_t index = begin; index < end; index++) {
      const int64_t first = index * block;
      const int64_t rows = p.rows - first < block ? p.rows - first : block;
      for (int64_t row = 0; row < rows; row++) {
        widen(in + fromRow(first + row) * p.inner, left + row * innerStride, p.inner);
      }
      for (int64_t column = 0; column < p.columns; column += kTileColumns) {
        multiplyPanel({left, innerStride, 1}, rows, panels + column * p.inner, p.inner,
                      sums + column, sumsStride, false);
      }
      for (int64_t row = 0; row < rows; row++) {
        finishRow(sums + row * sumsStride, bias, p.relu, p.columns,
                  out + toRow(first + row) * p.columns);
      }
    }
  });
}

template <class T>
void clear(T* values, int64_t count) {
  parallelFor(count, 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) values[i] = T{};
  });
}

bool takes(const Call& call, const ConvParams& p) {
  const DType type = call.inputs[0].dtype;
  return kHasWideVectors && readsWidePixels(p) && computesIn(call, DType::Float32, type) &&
         call.inputs[1].dtype == DType::Float32 && call.outputs[0].dtype == type;
}

}  // namespace

// inputs: x, filter, optional bias (float32)
CNN_CANDIDATE(FusedConv2D, ConvParams, 0, products) {
  const Activation activation = static_cast<Activation>(params.activation);
  if (call.outputs.empty()) return false;
  if (!takes(call, params) || !widensInCache(call, params, call.inputs[0].dtype)) return false;
  if (activation == Activation::Tanh) return false;
  const bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  if (hasBias && call.inputs[2].dtype != DType::Float32) return false;
  const float* bias = hasBias ? valuesOf<float>(call.inputs[2]) : nullptr;
  const Product product{pixelsOf(params), params.inChannels, params.outChannels, false,
                        activation == Activation::Relu};
  return withFloatType(call.inputs[0].dtype, [&](auto sample) {
    using T = decltype(sample);
    multiplyRows(
        call, product, valuesOf<T>(call.inputs[0]),
        [&](int64_t pixel) { return inputPixel(params, pixel); }, valuesOf<float>(call.inputs[1]),
        bias, valuesOf<T>(call.outputs[0]), [](int64_t pixel) { return pixel; });
    return true;
  });
}

// inputs: dy, filter
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, 0, products) {
  if (!takes(call, params)) return false;
  const bool strided = params.strideHeight > 1 || params.strideWidth > 1;
  if (!strided && !widensInCache(call, params, call.inputs[0].dtype)) return false;
  const Product product{pixelsOf(params), params.outChannels, params.inChannels, true, false};
  return withFloatType(call.inputs[0].dtype, [&](auto sample) {
    using T = decltype(sample);
    T* dx = valuesOf<T>(call.outputs[0]);
    // With a stride most pixels have no gradient.
    const bool sparse = call.outputs[0].size != product.rows * product.columns;
    if (sparse && !call.context.measuring) clear(dx, call.outputs[0].size);
    multiplyRows(
        call, product, valuesOf<T>(call.inputs[0]), [](int64_t pixel) { return pixel; },
        valuesOf<float>(call.inputs[1]), nullptr, dx,
        [&](int64_t pixel) { return inputPixel(params, pixel); });
    return true;
  });
}

}  // namespace cnn
