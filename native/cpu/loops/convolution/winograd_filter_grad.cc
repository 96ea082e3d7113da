// The filter's gradient by Winograd's filtering: in each tile the gradients are the filter and the
// 6×6 inputs the image. The products of all tiles are summed before they are transformed back.
#include "cpu/compute_type.h"
#include "winograd.h"

namespace cnn {
namespace {

// Sums of a thread of its own stay in the second cache up to this, beside its chunk of tiles.
constexpr int64_t kOwnSums = 1280 << 10;

// With less, products by the definition were faster (one thread, AVX2).
constexpr float kLeastGain = 0.85f;

// out[point][panel][tile][column], points `pointStride` apart: the gradients of a chunk of tiles as
// right factors.
template <int kOut, class T>
void transformGradients(const Squares<T>& gradients, const WinogradTiles& tiles, int64_t first,
                        int64_t count, float* out, const GroupPanels& panels) {
  const int64_t panelSize = count * kTileColumns;
  const int64_t pointSize = pointStride(panels.count() * panelSize);
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      for (int64_t vector = 0; vector < panels.count() * kTileVectors; vector++) {
        const int64_t channel = panels.channelAt(vector * kLanes);
        float* to = out + vector / kTileVectors * panelSize + tile * kTileColumns +
                    vector % kTileVectors * kLanes;
        const auto store = [&](int row, int column, Vector values) {
          storeVector(to + (row * kWinogradTile + column) * pointSize, values);
        };
        const auto transform = [](const auto& from, auto& into) { transformFilter(from, into); };
        if (channel < 0) {
          for (int row = 0; row < kWinogradTile; row++) {
            for (int column = 0; column < kWinogradTile; column++) store(row, column, Vector{});
          }
          continue;
        }
        gradients.template at<kOut>(tiles, first + tile, channel, [&](const auto& load) {
          transformSquare<kOut, kWinogradTile>(transform, load, store);
        });
      }
    }
  });
}

// sums[point][input channel][column] (+)= values[point]ᵀ · gradients[point]
void multiply(const float* values, int64_t valuesStride, const float* gradients,
              const GroupPanels& panels, int64_t count, int64_t channels, float* sums,
              bool accumulate) {
  const int64_t columns = panels.columns(), panelSize = count * kTileColumns;
  const int64_t valuesPoint = pointStride(count * valuesStride);
  const int64_t gradientsPoint = pointStride(panels.count() * panelSize);
  const int64_t sumsPoint = pointStride(channels * columns);
  parallelFor(kWinogradPoints * panels.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t point = item / panels.count(), panel = item % panels.count();
      const float* left = values + point * valuesPoint + panels.groupOf(panel) * channels;
      multiplyPanel({left, 1, valuesStride}, channels,
                    gradients + point * gradientsPoint + panel * panelSize, count,
                    sums + point * sumsPoint + panel * kTileColumns, columns, accumulate);
    }
  });
}

// The taps from the sums of `parts` threads. Channels are those of a group.
template <int kTaps>
void collectTaps(const float* sums, int64_t parts, int64_t stride, int64_t inChannels,
                 const GroupPanels& panels, float* filterGrad) {
  const int64_t columns = panels.columns(), outChannels = panels.groups * panels.channels;
  const int64_t sumsPoint = pointStride(inChannels * columns);
  parallelFor(inChannels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t in = begin; in < end; in++) {
      for (int64_t column = 0; column < columns; column += kLanes) {
        const int64_t channel = panels.channelAt(column);
        if (channel < 0) continue;
        transformSquare<kWinogradTile, kTaps>(
            [](const auto& points, auto& into) { transformResults(points, into); },
            [&](int row, int point) {
              const int64_t place = (row * kWinogradTile + point) * sumsPoint + in * columns;
              Vector sum{};
              for (int64_t part = 0; part < parts; part++) {
                sum += loadVector(sums + part * stride + place + column);
              }
              return sum;
            },
            [&](int row, int x, Vector values) {
              const int64_t tap = row * kTaps + x;
              storeVector(filterGrad + (tap * inChannels + in) * outChannels + channel, values);
            });
      }
    }
  });
}

template <int kTaps, class T>
void filterGradient(const Call& call, const ConvParams& p, const T* x, const T* dy, float* out) {
  constexpr int kOut = winogradOut(kTaps);
  const WinogradTiles tiles(kOut, p.batch, p.outHeight, p.outWidth);
  const GroupPanels panels(p.groups, p.outChannels / p.groups);
  const int64_t inChannels = p.inChannels / p.groups, valuesStride = paddedRow(p.inChannels);
  const int64_t tileBytes = kWinogradPoints * (valuesStride + panels.columns()) * 4;
  const int64_t sumsSize = kWinogradPoints * pointStride(inChannels * panels.columns());
  const TileChunks chunks(tiles, tileBytes, sumsSize * 4 <= kOwnSums);
  const int64_t valuesSize = kWinogradPoints * pointStride(chunks.size * valuesStride);
  const int64_t partSize =
      sumsSize + valuesSize + kWinogradPoints * pointStride(chunks.size * panels.columns());
  const size_t bytes = static_cast<size_t>(chunks.parts * partSize) * 4;
  float* memory = static_cast<float*>(call.context.scratchMemory(bytes));
  if (call.context.measuring) return;
  const Squares<T> images{x, p.inHeight, p.inWidth, p.inChannels, p.padTop, p.padLeft};
  const Squares<T> results{dy, p.outHeight, p.outWidth, p.outChannels, 0, 0};
  chunks.forEach(tiles, [&](int part, int64_t first, int64_t count, bool again) {
    float* sums = memory + part * partSize;
    float* values = sums + sumsSize;
    float* gradients = values + valuesSize;
    transformImages(images, tiles, first, count, values, valuesStride);
    transformGradients<kOut>(results, tiles, first, count, gradients, panels);
    multiply(values, valuesStride, gradients, panels, count, inChannels, sums, again);
  });
  collectTaps<kTaps>(memory, chunks.parts, partSize, inChannels, panels, out);
}

}  // namespace

// inputs: x, dy; output: float32 (filterHeight, filterWidth, inC / groups, outC)
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, 0, winograd) {
  const Tensor& x = call.inputs[0];
  const Tensor& dy = call.inputs[1];
  if (dy.dtype != x.dtype || !computesIn(call, DType::Float32, x.dtype)) return false;
  return withWinogradTaps(call, params, kLeastGain, [&](auto taps) {
    return withFloatType(x.dtype, [&](auto sample) {
      using T = decltype(sample);
      filterGradient<taps>(call, params, valuesOf<T>(x), valuesOf<T>(dy),
                           valuesOf<float>(call.outputs[0]));
      return true;
    });
  });
}

}  // namespace cnn
