// The filter's gradient of a 1×1 convolution: xᵀ · dy over all pixels. Threads share out the output
// channels or, where the filter is small, the pixels, whose sums they then add.
#include "pointwise.h"

namespace cnn {
namespace {

constexpr int64_t kPixels = 256;  // that are packed at a time, for the second cache
// Sums of a thread of its own stay in the second cache up to this.
constexpr int64_t kMaxOwnSums = int64_t{1} << 18;

// How the threads divide the work: parts of the pixels times parts of the columns.
struct Division {
  int64_t pixelParts, columnParts;
  Division(const ConvParams& p, int64_t panels) {
    const int64_t threads = omp_get_max_threads();
    const bool small = int64_t{p.inChannels} * p.outChannels <= kMaxOwnSums;
    columnParts = small || panels < threads ? 1 : threads;
    pixelParts = threads / columnParts;
  }
  int64_t count() const { return pixelParts * columnParts; }
};

// Memory of one part: packed pixels of both factors and, beyond the first pixel part, sums.
struct PartMemory {
  int64_t leftStride, panels, sums;
  PartMemory(const ConvParams& p, int64_t panelsOfPart)
      : leftStride(paddedRow(p.inChannels)),
        panels(panelsOfPart),
        sums(int64_t{p.inChannels} * panelsOfPart * kTileColumns) {}
  int64_t left() const { return kPixels * leftStride; }
  int64_t right() const { return kPixels * panels * kTileColumns; }
  int64_t floats() const { return left() + right() + sums; }
};

// Rows of a chunk of dy, from column `first` on, as panels of `count` steps.
template <class T>
void packPanels(const T* dy, int64_t rowSize, int64_t first, int64_t panels, int64_t count,
                float* to) {
  for (int64_t panel = 0; panel < panels; panel++, first += kTileColumns) {
    const int64_t rest = rowSize - first;
    const int64_t width = rest < kTileColumns ? (rest < 0 ? 0 : rest) : kTileColumns;
    for (int64_t step = 0; step < count; step++, to += kTileColumns) {
      widen(dy + step * rowSize + first, to, width);
      for (int64_t i = width; i < kTileColumns; i++) to[i] = 0;
    }
  }
}

// sums (inC, panels · kTileColumns) of the pixels [begin, end).
template <class T>
void sumPixels(const ConvParams& p, const T* x, const T* dy, int64_t begin, int64_t end,
               int64_t firstColumn, const PartMemory& sizes, float* memory, float* sums) {
  float* left = memory;
  float* right = left + sizes.left();
  const int64_t stride = sizes.panels * kTileColumns;
  if (begin == end) {
    for (int64_t i = 0; i < sizes.sums; i++) sums[i] = 0;
  }
  for (int64_t pixel = begin; pixel < end; pixel += kPixels) {
    const int64_t count = end - pixel < kPixels ? end - pixel : kPixels;
    for (int64_t step = 0; step < count; step++) {
      widen(x + inputPixel(p, pixel + step) * p.inChannels, left + step * sizes.leftStride,
            p.inChannels);
    }
    packPanels(dy + pixel * p.outChannels, p.outChannels, firstColumn, sizes.panels, count, right);
    for (int64_t panel = 0; panel < sizes.panels; panel++) {
      multiplyPanel({left, 1, sizes.leftStride}, p.inChannels, right + panel * count * kTileColumns,
                    count, sums + panel * kTileColumns, stride, pixel > begin);
    }
  }
}

// The sums of the pixel parts of a row, added in their order.
void collectRow(const float* memory, const PartMemory& sizes, const Division& division,
                const ConvParams& p, int64_t row, float* __restrict out) {
  const int64_t width = sizes.panels * kTileColumns;
  for (int64_t column = 0; column < p.outChannels; column += width) {
    const int64_t columnPart = column / width;
    const int64_t rest = p.outChannels - column, count = rest < width ? rest : width;
    for (int64_t pixelPart = 0; pixelPart < division.pixelParts; pixelPart++) {
      const int64_t part = pixelPart * division.columnParts + columnPart;
      const float* __restrict sums =
          memory + part * sizes.floats() + sizes.left() + sizes.right() + row * width;
      for (int64_t i = 0; i < count; i++) {
        out[column + i] = pixelPart == 0 ? sums[i] : out[column + i] + sums[i];
      }
    }
  }
}

template <class T>
void filterGradient(const Call& call, const ConvParams& p, const T* x, const T* dy, float* out) {
  const int64_t panels = (p.outChannels + kTileColumns - 1) / kTileColumns;
  const Division division(p, panels);
  const PartMemory sizes(p, (panels + division.columnParts - 1) / division.columnParts);
  const size_t bytes = static_cast<size_t>(division.count() * sizes.floats()) * 4;
  float* memory = static_cast<float*>(call.context.scratchMemory(bytes));
  if (call.context.measuring) return;
  const int64_t pixels = pixelsOf(p);
  parallelParts(static_cast<int>(division.count()), division.count(),
                [&](int, int64_t begin, int64_t end) {
                  for (int64_t part = begin; part < end; part++) {
                    const int64_t pixelPart = part / division.columnParts;
                    float* own = memory + part * sizes.floats();
                    sumPixels(p, x, dy, pixels * pixelPart / division.pixelParts,
                              pixels * (pixelPart + 1) / division.pixelParts,
                              part % division.columnParts * sizes.panels * kTileColumns, sizes, own,
                              own + sizes.left() + sizes.right());
                  }
                });
  parallelFor(p.inChannels, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      collectRow(memory, sizes, division, p, row, out + row * p.outChannels);
    }
  });
}

}  // namespace

// inputs: x, dy; output: float32 (1, 1, inC, outC)
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, 0, products) {
  const Tensor& x = call.inputs[0];
  const Tensor& dy = call.inputs[1];
  if (!kHasWideVectors || !readsWidePixels(params) || dy.dtype != x.dtype) return false;
  if (!widensInCache(call, params, x.dtype)) return false;
  if (!computesIn(call, DType::Float32, x.dtype)) return false;
  return withFloatType(x.dtype, [&](auto sample) {
    using T = decltype(sample);
    filterGradient(call, params, valuesOf<T>(x), valuesOf<T>(dy), valuesOf<float>(call.outputs[0]));
    return true;
  });
}

}  // namespace cnn
