// Convolutions by Winograd's filtering: forward with bias and ReLU, and the input's gradient,
// which is a convolution with the filter turned. Where the processor multiplies bfloat16 itself
// the fixed table has this for float32 only.
#include "winograd.h"

#include "cpu/compute_type.h"
#include "cpu/kept_copy.h"

namespace cnn {
namespace {

constexpr int64_t kRowBlock = 8 * kTileRows;

// With less, products by the definition were faster: up to 15 times for single pixels of 512
// channels (one thread, AVX2).
constexpr float kLeastGain = 1.5f;

// Floats of all tiles' points that stay in the shared cache while each panel reads them again.
constexpr int64_t kCachedValues = 3 << 19;

// The convolution that is computed: forward, or that of the gradient with the turned filter.
// Channels are those of a group.
struct Filtering {
  int64_t batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, groups;
  int64_t padTop, padLeft;
  bool turned, relu;
  bool adds;  // to what the output holds
};

Filtering forwardOf(const ConvParams& p, bool adds) {
  return {p.batch,
          p.inHeight,
          p.inWidth,
          p.inChannels / p.groups,
          p.outHeight,
          p.outWidth,
          p.outChannels / p.groups,
          p.groups,
          p.padTop,
          p.padLeft,
          false,
          static_cast<Activation>(p.activation) == Activation::Relu,
          adds};
}

Filtering inputGradOf(const ConvParams& p) {
  return {p.batch,
          p.outHeight,
          p.outWidth,
          p.outChannels / p.groups,
          p.inHeight,
          p.inWidth,
          p.inChannels / p.groups,
          p.groups,
          p.filterHeight - 1 - p.padTop,
          p.filterWidth - 1 - p.padLeft,
          true,
          false,
          false};
}

// The kCount taps of kLanes input channels of a group, from `in` on, and of kLanes output channels,
// from `channel` of all groups on. `filter` is HWIO of the forward convolution; turned, its input
// channels are the outputs and its taps run backwards. Each line of the filter is read once: of
// rows a power of two apart the first cache holds few.
template <int kCount>
void loadTaps(const float* filter, const Filtering& f, int64_t in, int64_t channel,
              Vector (&taps)[kLanes][kCount]) {
  const int64_t group = channel / f.outChannels, out = channel % f.outChannels;
  for (int tap = 0; tap < kCount; tap++) {
    if (!f.turned) {
      const int64_t columns = f.groups * f.outChannels;
      const float* from = filter + (tap * f.inChannels + in) * columns + channel;
      for (int i = 0; i < kLanes; i++) taps[i][tap] = loadVector(from + i * columns);
      continue;
    }
    const int64_t row = (kCount - 1 - tap) * f.outChannels + out;
    const int64_t columns = f.groups * f.inChannels;
    const float* from = filter + row * columns + group * f.inChannels + in;
    for (int lane = 0; lane < kLanes; lane++) {
      const Vector line = loadVector(from + lane * columns);
      for (int i = 0; i < kLanes; i++) taps[i][tap][lane] = line[i];
    }
  }
}

// The points of kLanes output channels, from `channel` on, or zeros where it is -1:
// out[point][input channel], which are `pointSize` and kTileColumns apart.
template <int kTaps>
void transformVector(const float* filter, const Filtering& f, int64_t channel, float* out,
                     int64_t pointSize) {
  for (int64_t first = 0; first < f.inChannels; first += kLanes) {
    Vector taps[kLanes][kTaps * kTaps] = {};
    if (channel >= 0) loadTaps(filter, f, first, channel, taps);
    for (int i = 0; i < kLanes; i++) {
      float* to = out + (first + i) * kTileColumns;
      transformSquare<kTaps, kWinogradTile>(
          [](const auto& from, auto& into) { transformFilter(from, into); },
          [&](int row, int tap) { return taps[i][row * kTaps + tap]; },
          [&](int row, int point, Vector values) {
            float* line = to + (row * kWinogradTile + point) * pointSize;
            storeVector(line, values);
            // So many streams are more than the processor fetches ahead by itself.
            __builtin_prefetch(line + 3 * kTileColumns, 1);
          });
    }
  }
}

// out[point][panel][input channel][column], points `pointStride` apart.
template <int kTaps>
void transformFilters(const float* filter, const Filtering& f, float* out,
                      const GroupPanels& panels) {
  const int64_t panelSize = f.inChannels * kTileColumns;
  const int64_t pointSize = pointStride(panels.count() * panelSize);
  parallelFor(panels.count() * kTileVectors, 1, [&](int64_t begin, int64_t end) {
    for (int64_t vector = begin; vector < end; vector++) {
      float* column = out + vector / kTileVectors * panelSize + vector % kTileVectors * kLanes;
      transformVector<kTaps>(filter, f, panels.channelAt(vector * kLanes), column, pointSize);
    }
  });
}

// products[point][tile][column] = values[point][tile][input channel] · filters[point]
void multiply(const float* values, int64_t valuesStride, const float* filters, const Filtering& f,
              const GroupPanels& panels, int64_t count, float* products) {
  const int64_t panelSize = f.inChannels * kTileColumns, stride = panels.columns();
  const int64_t valuesPoint = pointStride(count * valuesStride);
  const int64_t filtersPoint = pointStride(panels.count() * panelSize);
  const int64_t productsPoint = pointStride(count * stride);
  const int64_t blocks = (count + kRowBlock - 1) / kRowBlock;
  parallelFor(kWinogradPoints * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t point = item / blocks, row = item % blocks * kRowBlock;
      const int64_t rows = count - row < kRowBlock ? count - row : kRowBlock;
      const float* left = values + point * valuesPoint + row * valuesStride;
      float* out = products + point * productsPoint + row * stride;
      for (int64_t panel = 0; panel < panels.count(); panel++) {
        multiplyPanel({left + panels.groupOf(panel) * f.inChannels, valuesStride, 1}, rows,
                      filters + point * filtersPoint + panel * panelSize, f.inChannels,
                      out + panel * kTileColumns, stride, false);
      }
    }
  });
}

// Floats in which a thread transforms a panel of the filter.
int64_t panelPoints(const Filtering& f) {
  return kWinogradPoints * pointStride(f.inChannels * kTileColumns);
}

// The same products of a filter whose points no cache holds: each thread transforms a panel, for
// which it has panelPoints() floats, and multiplies all tiles by it before the next one.
template <int kTaps>
void multiplyByPanels(const float* values, int64_t valuesStride, const float* filter,
                      const Filtering& f, const GroupPanels& panels, int64_t count, float* memory,
                      float* products) {
  const int64_t pointSize = pointStride(f.inChannels * kTileColumns), stride = panels.columns();
  const int64_t valuesPoint = pointStride(count * valuesStride);
  const int64_t productsPoint = pointStride(count * stride);
  parallelParts(omp_get_max_threads(), panels.count(), [&](int part, int64_t begin, int64_t end) {
    float* points = memory + part * panelPoints(f);
    for (int64_t panel = begin; panel < end; panel++) {
      for (int i = 0; i < kTileVectors; i++) {
        const int64_t channel = panels.channelAt(panel * kTileColumns + i * kLanes);
        transformVector<kTaps>(filter, f, channel, points + i * kLanes, pointSize);
      }
      const float* left = values + panels.groupOf(panel) * f.inChannels;
      for (int64_t point = 0; point < kWinogradPoints; point++) {
        multiplyPanel({left + point * valuesPoint, valuesStride, 1}, count,
                      points + point * pointSize, f.inChannels,
                      products + point * productsPoint + panel * kTileColumns, stride, false);
      }
    }
  });
}

template <int kOut, class T>
void collectResults(const float* products, const GroupPanels& panels, const Filtering& f,
                    const float* bias, const WinogradTiles& tiles, int64_t first, int64_t count,
                    T* out) {
  const int64_t stride = panels.columns(), channels = f.groups * f.outChannels;
  const int64_t pointSize = pointStride(count * stride);
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      const int64_t image = (first + tile) / tiles.perImage,
                    place = (first + tile) % tiles.perImage;
      const int64_t top = place / tiles.across * kOut;
      const int64_t left = place % tiles.across * kOut;
      T* corner = out + ((image * f.outHeight + top) * f.outWidth + left) * channels;
      for (int64_t column = 0; column < stride; column += kLanes) {
        const int64_t channel = panels.channelAt(column);
        if (channel < 0) continue;
        const float* from = products + tile * stride + column;
        const Vector shift = bias != nullptr ? loadVector(bias + channel) : Vector{};
        transformSquare<kWinogradTile, kOut>(
            [](const auto& points, auto& into) { transformResults(points, into); },
            [&](int row, int point) {
              return loadVector(from + (row * kWinogradTile + point) * pointSize);
            },
            [&](int row, int x, Vector values) {
              if (top + row >= f.outHeight || left + x >= f.outWidth) return;
              T* to = corner + (row * f.outWidth + x) * channels + channel;
              values += shift;
              if (f.adds) values += loadVector(to);
              if (f.relu) values = values < 0.0f ? Vector{} : values;  // as relu(): a NaN stays
              storeVector(to, values);
            });
      }
    }
  });
}

// The filter's points that a weight keeps. A gradient is computed once for each version of it.
KeptCopy keptPoints(const Call& call, const Filtering& f, int taps, size_t bytes) {
  if (f.turned) return {nullptr, true};
  const char* key = taps == 3 ? "winograd 3" : "winograd 5";
  return keptCopy(call.context, call.inputs[1], key, bytes);
}

template <int kTaps, class T>
void filterImages(const Call& call, const Filtering& f, const T* in, const float* filter,
                  const float* bias, T* out) {
  constexpr int kOut = winogradOut(kTaps);
  const WinogradTiles tiles(kOut, f.batch, f.outHeight, f.outWidth);
  const GroupPanels panels(f.groups, f.outChannels);
  const int64_t inChannels = f.groups * f.inChannels, valuesStride = paddedRow(inChannels);
  const int64_t tileBytes = kWinogradPoints * (valuesStride + panels.columns()) * 4;
  const TileChunks chunks(tiles, tileBytes);
  const int64_t filters = kWinogradPoints * pointStride(f.inChannels * panels.columns());
  const int64_t valuesSize = kWinogradPoints * pointStride(chunks.size * valuesStride);
  const int64_t chunkSize =
      valuesSize + kWinogradPoints * pointStride(chunks.size * panels.columns());
  const KeptCopy copy = keptPoints(call, f, kTaps, static_cast<size_t>(filters) * 4);
  const bool byPanels = copy.values == nullptr && chunks.size >= tiles.count &&
                        filters > kCachedPoints && valuesSize <= kCachedValues;
  const int64_t buffers = byPanels ? omp_get_max_threads() * panelPoints(f) : filters;
  const int64_t own = copy.values == nullptr ? buffers : 0;
  const size_t bytes = static_cast<size_t>(own + chunks.parts * chunkSize) * 4;
  float* scratch = static_cast<float*>(call.context.scratchMemory(bytes));
  if (call.context.measuring) return;
  float* filterPoints = own > 0 ? scratch : static_cast<float*>(copy.values);
  if (copy.fresh && !byPanels) transformFilters<kTaps>(filter, f, filterPoints, panels);
  const Squares<T> squares{in, f.inHeight, f.inWidth, inChannels, f.padTop, f.padLeft};
  chunks.forEach(tiles, [&](int part, int64_t first, int64_t count, bool) {
    float* values = scratch + own + part * chunkSize;
    float* products = values + valuesSize;
    transformImages(squares, tiles, first, count, values, valuesStride);
    if (byPanels) {
      multiplyByPanels<kTaps>(values, valuesStride, filter, f, panels, count, filterPoints,
                              products);
    } else {
      multiply(values, valuesStride, filterPoints, f, panels, count, products);
    }
    collectResults<kOut>(products, panels, f, bias, tiles, first, count, out);
  });
}

bool filterImages(const Call& call, const ConvParams& p, const Filtering& f, const float* bias) {
  const Tensor& in = call.inputs[0];
  const Tensor& filter = call.inputs[1];
  const Tensor& out = f.adds ? call.inputs[3] : call.outputs[0];
  if (!computesIn(call, DType::Float32, in.dtype)) return false;
  if (filter.dtype != DType::Float32 || out.dtype != in.dtype) return false;
  return withWinogradTaps(call, p, kLeastGain, [&](auto taps) {
    return withFloatType(in.dtype, [&](auto sample) {
      using T = decltype(sample);
      filterImages<taps>(call, f, valuesOf<T>(in), valuesOf<float>(filter), bias, valuesOf<T>(out));
      if (f.adds) out.storage->version++;
      return true;
    });
  });
}

}  // namespace

// inputs: x, filter, optional bias (float32), and in place of an output a float32 sum
CNN_CANDIDATE(FusedConv2D, ConvParams, 0, winograd) {
  if (static_cast<Activation>(params.activation) == Activation::Tanh) return false;
  const bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  if (hasBias && call.inputs[2].dtype != DType::Float32) return false;
  const float* bias = hasBias ? valuesOf<float>(call.inputs[2]) : nullptr;
  return filterImages(call, params, forwardOf(params, call.outputs.empty()), bias);
}

// inputs: dy, filter
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, 0, winograd) {
  return filterImages(call, params, inputGradOf(params), nullptr);
}

}  // namespace cnn
