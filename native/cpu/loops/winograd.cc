// 3×3 convolutions by Winograd's filtering: forward with bias and ReLU, and the input's gradient,
// which is a convolution with the filter turned. Where the processor multiplies bfloat16 itself
// this is for float32 only.
#include "winograd.h"

#include "cpu/compute_type.h"

namespace cnn {
namespace {

constexpr int64_t kRowBlock = 8 * kTileRows;

// The convolution that is computed: forward, or that of the gradient with the turned filter.
struct Filtering {
  int64_t batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels;
  int64_t padTop, padLeft;
  bool turned, relu;
};

Filtering forwardOf(const ConvParams& p) {
  const bool relu = static_cast<Activation>(p.activation) == Activation::Relu;
  return {p.batch,       p.inHeight, p.inWidth, p.inChannels, p.outHeight, p.outWidth,
          p.outChannels, p.padTop,   p.padLeft, false,        relu};
}

Filtering inputGradOf(const ConvParams& p) {
  return {p.batch,
          p.outHeight,
          p.outWidth,
          p.outChannels,
          p.inHeight,
          p.inWidth,
          p.inChannels,
          kWinogradTaps - 1 - p.padTop,
          kWinogradTaps - 1 - p.padLeft,
          true,
          false};
}

// The taps of one input channel and kLanes output channels. `filter` is HWIO of the forward
// convolution; turned, its input channels are the outputs and its taps run backwards.
void loadTaps(const float* filter, const Filtering& f, int64_t in, int64_t out,
              Vector (&taps)[kWinogradTaps * kWinogradTaps]) {
  constexpr int kCount = kWinogradTaps * kWinogradTaps;
  for (int tap = 0; tap < kCount; tap++) {
    if (!f.turned) {
      taps[tap] = loadVector(filter + (tap * f.inChannels + in) * f.outChannels + out);
      continue;
    }
    const float* from = filter + ((kCount - 1 - tap) * f.outChannels + out) * f.inChannels + in;
    for (int i = 0; i < kLanes; i++) taps[tap][i] = from[i * f.inChannels];
  }
}

// out[point][panel][input channel][column]
void transformFilters(const float* filter, const Filtering& f, float* out, int64_t panels) {
  const int64_t panelSize = f.inChannels * kTileColumns;
  parallelFor(panels * kTileVectors, 1, [&](int64_t begin, int64_t end) {
    for (int64_t vector = begin; vector < end; vector++) {
      float* column = out + vector / kTileVectors * panelSize + vector % kTileVectors * kLanes;
      for (int64_t in = 0; in < f.inChannels; in++) {
        Vector taps[kWinogradTaps * kWinogradTaps] = {};
        if (vector * kLanes < f.outChannels) loadTaps(filter, f, in, vector * kLanes, taps);
        float* to = column + in * kTileColumns;
        transformSquare<kWinogradTaps, kWinogradTile>(
            [](const auto& from, auto& into) { transformFilter(from, into); },
            [&](int row, int tap) { return taps[row * kWinogradTaps + tap]; },
            [&](int row, int point, Vector values) {
              storeVector(to + (row * kWinogradTile + point) * panels * panelSize, values);
            });
      }
    }
  });
}

// products[point][tile][output channel] = values[point][tile][input channel] · filters[point]
void multiply(const float* values, int64_t valuesStride, const float* filters, const Filtering& f,
              int64_t count, float* products, int64_t productsStride) {
  const int64_t panels = productsStride / kTileColumns, panelSize = f.inChannels * kTileColumns;
  const int64_t blocks = (count + kRowBlock - 1) / kRowBlock;
  parallelFor(kWinogradPoints * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t point = item / blocks, row = item % blocks * kRowBlock;
      const int64_t rows = count - row < kRowBlock ? count - row : kRowBlock;
      const LeftFactor left{values + (point * count + row) * valuesStride, valuesStride, 1};
      for (int64_t panel = 0; panel < panels; panel++) {
        multiplyPanel(left, rows, filters + (point * panels + panel) * panelSize, f.inChannels,
                      products + (point * count + row) * productsStride + panel * kTileColumns,
                      productsStride, false);
      }
    }
  });
}

template <class T>
void collectResults(const float* products, int64_t stride, const Filtering& f, const float* bias,
                    const WinogradTiles& tiles, int64_t first, int64_t count, T* out) {
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      const int64_t image = (first + tile) / tiles.perImage,
                    place = (first + tile) % tiles.perImage;
      const int64_t top = place / tiles.across * kWinogradOut;
      const int64_t left = place % tiles.across * kWinogradOut;
      T* corner = out + ((image * f.outHeight + top) * f.outWidth + left) * f.outChannels;
      for (int64_t channel = 0; channel < f.outChannels; channel += kLanes) {
        const float* from = products + tile * stride + channel;
        const Vector shift = bias != nullptr ? loadVector(bias + channel) : Vector{};
        transformSquare<kWinogradTile, kWinogradOut>(
            [](const auto& points, auto& into) { transformResults(points, into); },
            [&](int row, int column) {
              return loadVector(from + (row * kWinogradTile + column) * count * stride);
            },
            [&](int row, int column, Vector values) {
              if (top + row >= f.outHeight || left + column >= f.outWidth) return;
              values += shift;
              if (f.relu) values = values > 0.0f ? values : Vector{};
              storeVector(corner + (row * f.outWidth + column) * f.outChannels + channel, values);
            });
      }
    }
  });
}

template <class T>
void filterImages(const Call& call, const Filtering& f, const T* in, const float* filter,
                  const float* bias, T* out) {
  const WinogradTiles tiles(f.batch, f.outHeight, f.outWidth);
  const int64_t valuesStride = paddedRow(f.inChannels);
  const int64_t productsStride = roundUp(f.outChannels, kTileColumns);
  const int64_t tileBytes = kWinogradPoints * (valuesStride + productsStride) * 4;
  const int64_t chunk = tilesPerChunk(tiles, tileBytes);
  const int64_t filters = kWinogradPoints * f.inChannels * productsStride;
  const size_t bytes = static_cast<size_t>(filters * 4 + chunk * tileBytes);
  float* filterPoints = static_cast<float*>(call.context.scratchMemory(bytes));
  float* values = filterPoints + filters;
  float* products = values + kWinogradPoints * chunk * valuesStride;
  transformFilters(filter, f, filterPoints, productsStride / kTileColumns);
  const Squares<T> squares{in, f.inHeight, f.inWidth, f.inChannels, f.padTop, f.padLeft};
  for (int64_t first = 0; first < tiles.count; first += chunk) {
    const int64_t count = tiles.count - first < chunk ? tiles.count - first : chunk;
    transformImages(squares, tiles, first, count, values, valuesStride);
    multiply(values, valuesStride, filterPoints, f, count, products, productsStride);
    collectResults(products, productsStride, f, bias, tiles, first, count, out);
  }
}

bool filterImages(const Call& call, const Filtering& f, const Tensor& in, const Tensor& filter,
                  const float* bias) {
  const Tensor& out = call.outputs[0];
  if (computeType(in.dtype) != DType::Float32 || filter.dtype != DType::Float32) return false;
  if (out.dtype != in.dtype) return false;
  return withFloatType(in.dtype, [&](auto sample) {
    using T = decltype(sample);
    filterImages(call, f, valuesOf<T>(in), valuesOf<float>(filter), bias, valuesOf<T>(out));
    return true;
  });
}

}  // namespace

// inputs: x, filter, optional bias (float32)
CNN_KERNEL(FusedConv2D, ConvParams) {
  if (!kHasWideVectors || !isWinograd(params)) return false;
  if (static_cast<Activation>(params.activation) == Activation::Tanh) return false;
  const bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  if (hasBias && call.inputs[2].dtype != DType::Float32) return false;
  const float* bias = hasBias ? valuesOf<float>(call.inputs[2]) : nullptr;
  return filterImages(call, forwardOf(params), call.inputs[0], call.inputs[1], bias);
}

// inputs: dy, filter
CNN_KERNEL(Conv2DBackpropInput, ConvParams) {
  if (!kHasWideVectors || !isWinograd(params)) return false;
  return filterImages(call, inputGradOf(params), call.inputs[0], call.inputs[1], nullptr);
}

}  // namespace cnn
