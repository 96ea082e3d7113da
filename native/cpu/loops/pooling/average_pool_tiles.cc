// Average pooling by windows that tile the image, as LeNet-5's subsampling does. Rows are summed
// first, then pixels through a table of places, which vectorises for any number of channels.
#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

constexpr int64_t kRowGrain = 64;

bool isTiling(const PoolParams& p) {
  return p.strideHeight == p.filterHeight && p.strideWidth == p.filterWidth && p.padTop == 0 &&
         p.padLeft == 0 && p.dilationHeight == 1 && p.dilationWidth == 1 &&
         p.inHeight == p.outHeight * p.filterHeight && p.inWidth == p.outWidth * p.filterWidth;
}

// The lengths of a row of inputs and of outputs. Images follow each other, so output row r covers
// the input rows from r * filterHeight on.
struct Rows {
  explicit Rows(const PoolParams& p)
      : count(int64_t{p.batch} * p.outHeight),
        in(int64_t{p.inWidth} * p.channels),
        out(int64_t{p.outWidth} * p.channels),
        scale(1.0f / static_cast<float>(p.filterHeight * p.filterWidth)) {}
  int64_t count, in, out;
  float scale;
};

template <class T>
void addRow(const T* __restrict row, float* __restrict sums, int64_t count) {
  for (int64_t i = 0; i < count; i++) sums[i] += toFloat(row[i]);
}

template <class T>
void averageTiles(const Call& call, const PoolParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const Rows rows(p);
  const int parts = partsFor(rows.count, kRowGrain);
  PartScratch<float> scratch(call.context, parts, rows.in + rows.out);
  parallelParts(parts, rows.count, [&](int part, int64_t begin, int64_t end) {
    float* sums = scratch.of(part);
    int32_t* places = reinterpret_cast<int32_t*>(sums + rows.in);
    for (int64_t i = 0; i < rows.out; i++) {
      places[i] =
          static_cast<int32_t>(i / p.channels * p.filterWidth * p.channels + i % p.channels);
    }
    for (int64_t row = begin; row < end; row++) {
      for (int64_t i = 0; i < rows.in; i++) sums[i] = 0;
      for (int k = 0; k < p.filterHeight; k++) {
        addRow(x + (row * p.filterHeight + k) * rows.in, sums, rows.in);
      }
      T* __restrict out = y + row * rows.out;
      for (int64_t i = 0; i < rows.out; i++) {
        float sum = 0;
        for (int k = 0; k < p.filterWidth; k++) sum += sums[places[i] + k * p.channels];
        out[i] = fromFloat<T>(sum * rows.scale);
      }
    }
  });
}

template <class T>
void spreadTiles(const Call& call, const PoolParams& p) {
  const T* dy = valuesOf<T>(call.inputs[0]);
  T* dx = valuesOf<T>(call.outputs[0]);
  const Rows rows(p);
  const int parts = partsFor(rows.count, kRowGrain);
  PartScratch<float> scratch(call.context, parts, rows.in + rows.out);
  parallelParts(parts, rows.count, [&](int part, int64_t begin, int64_t end) {
    float* shares = scratch.of(part);
    int32_t* places = reinterpret_cast<int32_t*>(shares + rows.out);
    for (int64_t i = 0; i < rows.in; i++) {
      places[i] =
          static_cast<int32_t>(i / (p.channels * p.filterWidth) * p.channels + i % p.channels);
    }
    for (int64_t row = begin; row < end; row++) {
      const T* gradient = dy + row * rows.out;
      for (int64_t i = 0; i < rows.out; i++) shares[i] = toFloat(gradient[i]) * rows.scale;
      for (int k = 0; k < p.filterHeight; k++) {
        T* __restrict out = dx + (row * p.filterHeight + k) * rows.in;
        for (int64_t i = 0; i < rows.in; i++) out[i] = fromFloat<T>(shares[places[i]]);
      }
    }
  });
}

template <class Body>
bool onTiles(const Call& call, const PoolParams& p, const Body& body) {
  if (!isTiling(p)) return false;
  return withFloatType(call.inputs[0].dtype, [&](auto type) {
    body(type);
    return true;
  });
}

}  // namespace

CNN_KERNEL_PRIORITY(AvgPool, PoolParams, 1) {
  return onTiles(call, params, [&](auto type) { averageTiles<decltype(type)>(call, params); });
}

// Input dy.
CNN_KERNEL_PRIORITY(AvgPoolGrad, PoolParams, 1) {
  return onTiles(call, params, [&](auto type) { spreadTiles<decltype(type)>(call, params); });
}

}  // namespace cnn
