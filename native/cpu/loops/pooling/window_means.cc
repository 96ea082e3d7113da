// Means of rectangular windows of images, and the way back: global and adaptive average pooling,
// and average pooling whose padding does not count. A window is a range of rows by a range of
// columns.
#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrainElements = 1 << 14;

struct Range {
  int32_t begin, end;
};

// The parameters of a call, and its ranges: those of all rows of windows, then of all columns.
struct Windows {
  Windows(const Call& call, const WindowMeansParams& p)
      : batch(p.batch),
        inHeight(p.inHeight),
        inWidth(p.inWidth),
        channels(p.channels),
        outHeight(p.outHeight),
        outWidth(p.outWidth),
        rows(listsOf<WindowMeansParams, Range>(call)),
        columns(rows + outHeight) {}
  float shareOf(Range row, Range column) const {
    return 1.0f / static_cast<float>((row.end - row.begin) * (column.end - column.begin));
  }
  int64_t batch, inHeight, inWidth, channels, outHeight, outWidth;
  const Range* rows;
  const Range* columns;
};

template <class T>
void add(const T* __restrict values, float scale, float* __restrict sums, int64_t count) {
  for (int64_t i = 0; i < count; i++) sums[i] += scale * toFloat(values[i]);
}

template <class T>
void store(const float* __restrict sums, T* __restrict values, int64_t count) {
  for (int64_t i = 0; i < count; i++) values[i] = fromFloat<T>(sums[i]);
}

template <class T>
void means(const Call& call, const Windows& w) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const int64_t rowSize = w.inWidth * w.channels, outSize = w.outWidth * w.channels;
  const int64_t rows = w.batch * w.outHeight;
  int parts = partsFor(rows, kGrainElements * w.outHeight / (w.inHeight * rowSize) + 1);
  PartScratch<float> scratch(call.context, parts, outSize);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    float* sums = scratch.of(part);
    for (int64_t row = begin; row < end; row++) {
      const T* image = x + row / w.outHeight * w.inHeight * rowSize;
      const Range down = w.rows[row % w.outHeight];
      for (int64_t i = 0; i < outSize; i++) sums[i] = 0;
      for (int64_t place = 0; place < w.outWidth; place++) {
        const Range across = w.columns[place];
        const float share = w.shareOf(down, across);
        for (int32_t line = down.begin; line < down.end; line++) {
          for (int32_t column = across.begin; column < across.end; column++) {
            const T* pixel = image + line * rowSize + column * w.channels;
            add(pixel, share, sums + place * w.channels, w.channels);
          }
        }
      }
      store(sums, y + row * outSize, outSize);
    }
  });
}

template <class T>
void spread(const Call& call, const Windows& w) {
  const T* dy = valuesOf<T>(call.inputs[0]);
  T* dx = valuesOf<T>(call.outputs[0]);
  const int64_t rowSize = w.inWidth * w.channels, outSize = w.outWidth * w.channels;
  const int64_t rows = w.batch * w.inHeight;
  int parts = partsFor(rows, kGrainElements / rowSize + 1);
  PartScratch<float> scratch(call.context, parts, rowSize);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    float* sums = scratch.of(part);
    for (int64_t row = begin; row < end; row++) {
      const int64_t line = row % w.inHeight;
      const T* image = dy + row / w.inHeight * w.outHeight * outSize;
      for (int64_t i = 0; i < rowSize; i++) sums[i] = 0;
      for (int64_t above = 0; above < w.outHeight; above++) {
        const Range down = w.rows[above];
        if (line < down.begin || line >= down.end) continue;
        for (int64_t place = 0; place < w.outWidth; place++) {
          const Range across = w.columns[place];
          const T* gradient = image + above * outSize + place * w.channels;
          const float share = w.shareOf(down, across);
          for (int32_t column = across.begin; column < across.end; column++) {
            add(gradient, share, sums + column * w.channels, w.channels);
          }
        }
      }
      store(sums, dx + row * rowSize, rowSize);
    }
  });
}

template <class Body>
bool onFloats(const Call& call, const Body& body) {
  return withFloatType(call.inputs[0].dtype, [&](auto type) {
    body(type);
    return true;
  });
}

}  // namespace

// Input x (batch, inHeight, inWidth, channels).
CNN_KERNEL(WindowMeans, WindowMeansParams) {
  const Windows windows(call, params);
  return onFloats(call, [&](auto type) { means<decltype(type)>(call, windows); });
}

// Input dy (batch, outHeight, outWidth, channels).
CNN_KERNEL(WindowMeansGrad, WindowMeansParams) {
  const Windows windows(call, params);
  return onFloats(call, [&](auto type) { spread<decltype(type)>(call, windows); });
}

}  // namespace cnn
