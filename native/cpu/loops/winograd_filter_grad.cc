// The filter's gradient of a 3×3 convolution by Winograd's filtering: in each tile the 4×4
// gradients are the filter and the 6×6 inputs the image, and the tiles' products are summed before
// the transform back.
#include "cpu/compute_type.h"
#include "winograd.h"

namespace cnn {
namespace {

// out[point][panel][tile][column]: the gradients of a chunk of tiles as right factors.
template <class T>
void transformGradients(const Squares<T>& gradients, const WinogradTiles& tiles, int64_t first,
                        int64_t count, float* out, int64_t panels) {
  const int64_t panelSize = count * kTileColumns;
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      for (int64_t vector = 0; vector < panels * kTileVectors; vector++) {
        float* to = out + vector / kTileVectors * panelSize + tile * kTileColumns +
                    vector % kTileVectors * kLanes;
        const auto store = [&](int row, int column, Vector values) {
          storeVector(to + (row * kWinogradTile + column) * panels * panelSize, values);
        };
        const auto transform = [](const auto& from, auto& into) { transformFilter(from, into); };
        if (vector * kLanes >= gradients.channels) {
          for (int row = 0; row < kWinogradTile; row++) {
            for (int column = 0; column < kWinogradTile; column++) store(row, column, Vector{});
          }
          continue;
        }
        gradients.template at<kWinogradOut>(
            tiles, first + tile, vector * kLanes, [&](const auto& load) {
              transformSquare<kWinogradOut, kWinogradTile>(transform, load, store);
            });
      }
    }
  });
}

// sums[point][input channel][output channel] (+)= values[point]ᵀ · gradients[point]
void multiply(const float* values, int64_t valuesStride, const float* gradients, int64_t panels,
              int64_t count, int64_t channels, float* sums, bool accumulate) {
  const int64_t columns = panels * kTileColumns;
  parallelFor(kWinogradPoints * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t point = item / panels, panel = item % panels;
      const LeftFactor left{values + point * count * valuesStride, 1, valuesStride};
      multiplyPanel(left, channels, gradients + item * count * kTileColumns, count,
                    sums + point * channels * columns + panel * kTileColumns, columns, accumulate);
    }
  });
}

void collectTaps(const float* sums, int64_t columns, const ConvParams& p, float* filterGrad) {
  parallelFor(p.inChannels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t in = begin; in < end; in++) {
      for (int64_t out = 0; out < p.outChannels; out += kLanes) {
        transformSquare<kWinogradTile, kWinogradTaps>(
            [](const auto& points, auto& into) { transformResults(points, into); },
            [&](int row, int column) {
              const int64_t point = row * kWinogradTile + column;
              return loadVector(sums + (point * p.inChannels + in) * columns + out);
            },
            [&](int row, int column, Vector values) {
              const int64_t tap = row * kWinogradTaps + column;
              storeVector(filterGrad + (tap * p.inChannels + in) * p.outChannels + out, values);
            });
      }
    }
  });
}

template <class T>
void filterGradient(const Call& call, const ConvParams& p, const T* x, const T* dy, float* out) {
  const WinogradTiles tiles(p.batch, p.outHeight, p.outWidth);
  const int64_t valuesStride = paddedRow(p.inChannels);
  const int64_t columns = roundUp(p.outChannels, kTileColumns);
  const int64_t tileBytes = kWinogradPoints * (valuesStride + columns) * 4;
  const int64_t chunk = tilesPerChunk(tiles, tileBytes);
  const int64_t sumsSize = kWinogradPoints * p.inChannels * columns;
  const size_t bytes = static_cast<size_t>(sumsSize * 4 + chunk * tileBytes);
  float* sums = static_cast<float*>(call.context.scratchMemory(bytes));
  float* values = sums + sumsSize;
  float* gradients = values + kWinogradPoints * chunk * valuesStride;
  const Squares<T> images{x, p.inHeight, p.inWidth, p.inChannels, p.padTop, p.padLeft};
  const Squares<T> results{dy, p.outHeight, p.outWidth, p.outChannels, 0, 0};
  const int64_t panels = columns / kTileColumns;
  for (int64_t first = 0; first < tiles.count; first += chunk) {
    const int64_t count = tiles.count - first < chunk ? tiles.count - first : chunk;
    transformImages(images, tiles, first, count, values, valuesStride);
    transformGradients(results, tiles, first, count, gradients, panels);
    multiply(values, valuesStride, gradients, panels, count, p.inChannels, sums, first > 0);
  }
  collectTaps(sums, columns, p, out);
}

}  // namespace

// inputs: x, dy; output: float32 (3, 3, inC, outC)
CNN_KERNEL(Conv2DBackpropFilter, ConvParams) {
  if (!kHasWideVectors || !isWinograd(params)) return false;
  const Tensor& x = call.inputs[0];
  const Tensor& dy = call.inputs[1];
  if (dy.dtype != x.dtype || computeType(x.dtype) != DType::Float32) return false;
  return withFloatType(x.dtype, [&](auto sample) {
    using T = decltype(sample);
    filterGradient(call, params, valuesOf<T>(x), valuesOf<T>(dy), valuesOf<float>(call.outputs[0]));
    return true;
  });
}

}  // namespace cnn
