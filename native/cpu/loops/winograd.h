// Winograd's minimal filtering: 3×3 convolutions in tiles of 4×4 results, each from 6×6 values,
// with 36 products where the definition has 144. S. Winograd, Arithmetic Complexity of
// Computations, 1980; A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016.
//
// The transforms evaluate polynomials at 0, ±a, ±b and infinity. With a = sqrt(1/2) and b = sqrt(2)
// their factors stay near 1, which loses fewer bits than the usual ±1 and ±2.
#pragma once
#include "matrix_tile.h"
#include "narrow.h"

namespace cnn {
namespace {

constexpr int kWinogradOut = 4;   // results of a tile in each direction
constexpr int kWinogradTile = 6;  // values that they come from
constexpr int kWinogradPoints = kWinogradTile * kWinogradTile;
constexpr int kWinogradTaps = 3;

constexpr float kA = 0.70710678118654752f;
constexpr float kB = 1.41421356237309505f;
constexpr float kA3 = kA / 2;
constexpr float kB3 = kB * 2;

// The values at the six points of the polynomial that multiplies the filter's: one column.
inline void transformValues(const Vector (&d)[6], Vector (&to)[6]) {
  const Vector evenA = d[4] - 2.0f * d[2], oddA = kA * (d[3] - 2.0f * d[1]);
  const Vector evenB = d[4] - 0.5f * d[2], oddB = kB * (d[3] - 0.5f * d[1]);
  to[0] = d[0] - 2.5f * d[2] + d[4];
  to[1] = evenA + oddA;
  to[2] = evenA - oddA;
  to[3] = evenB + oddB;
  to[4] = evenB - oddB;
  to[5] = d[1] - 2.5f * d[3] + d[5];
}

// A filter of three taps at the six points, divided by the points' Lagrange denominators.
inline void transformFilter(const Vector (&g)[3], Vector (&to)[6]) {
  const Vector evenA = (g[0] + 0.5f * g[2]) * (-1 / 1.5f), oddA = g[1] * (-kA / 1.5f);
  const Vector evenB = (g[0] + 2.0f * g[2]) * (1 / 6.0f), oddB = g[1] * (kB / 6);
  to[0] = g[0];
  to[1] = evenA + oddA;
  to[2] = evenA - oddA;
  to[3] = evenB + oddB;
  to[4] = evenB - oddB;
  to[5] = g[2];
}

// The same for four taps: a tile of the output gradient is the filter of the filter's gradient.
inline void transformFilter(const Vector (&g)[4], Vector (&to)[6]) {
  const Vector evenA = (g[0] + 0.5f * g[2]) * (-1 / 1.5f);
  const Vector oddA = (g[1] + 0.5f * g[3]) * (-kA / 1.5f);
  const Vector evenB = (g[0] + 2.0f * g[2]) * (1 / 6.0f);
  const Vector oddB = (g[1] + 2.0f * g[3]) * (kB / 6);
  to[0] = g[0];
  to[1] = evenA + oddA;
  to[2] = evenA - oddA;
  to[3] = evenB + oddB;
  to[4] = evenB - oddB;
  to[5] = g[3];
}

// Four results from the products at the six points.
inline void transformResults(const Vector (&m)[6], Vector (&to)[4]) {
  const Vector evenA = m[1] + m[2], oddA = m[1] - m[2];
  const Vector evenB = m[3] + m[4], oddB = m[3] - m[4];
  to[0] = m[0] + evenA + evenB;
  to[1] = kA * oddA + kB * oddB;
  to[2] = 0.5f * evenA + 2.0f * evenB;
  to[3] = kA3 * oddA + kB3 * oddB + m[5];
}

// Three results: the taps of the filter's gradient.
inline void transformResults(const Vector (&m)[6], Vector (&to)[3]) {
  const Vector evenA = m[1] + m[2], oddA = m[1] - m[2];
  const Vector evenB = m[3] + m[4], oddB = m[3] - m[4];
  to[0] = m[0] + evenA + evenB;
  to[1] = kA * oddA + kB * oddB;
  to[2] = 0.5f * evenA + 2.0f * evenB + m[5];
}

// Applies a transform from kFrom to kTo values to the columns of a square and then to its rows:
// load(row, column) gives the vectors, store(row, column, vector) takes them.
template <int kFrom, int kTo, class Transform, class Load, class Store>
inline void transformSquare(const Transform& transform, const Load& load, const Store& store) {
  Vector half[kTo][kFrom];
  for (int column = 0; column < kFrom; column++) {
    Vector from[kFrom], to[kTo];
#pragma GCC unroll 6
    for (int row = 0; row < kFrom; row++) from[row] = load(row, column);
    transform(from, to);
#pragma GCC unroll 6
    for (int row = 0; row < kTo; row++) half[row][column] = to[row];
  }
  for (int row = 0; row < kTo; row++) {
    Vector to[kTo];
    transform(half[row], to);
#pragma GCC unroll 6
    for (int column = 0; column < kTo; column++) store(row, column, to[column]);
  }
}

inline Vector loadVector(const float* from) {
  return *reinterpret_cast<const VectorInMemory*>(from);
}
inline Vector loadVector(const bf16* from) {
  typedef uint16_t Halves __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));
  typedef uint32_t Words __attribute__((vector_size(kLanes * 4)));
  const Words words = __builtin_convertvector(*reinterpret_cast<const Halves*>(from), Words) << 16;
  return reinterpret_cast<const Vector&>(words);
}
inline void storeVector(float* to, Vector values) {
  *reinterpret_cast<VectorInMemory*>(to) = values;
}
inline void storeVector(bf16* to, Vector values) {
  narrow(reinterpret_cast<const float*>(&values), to, kLanes);
}

// The tiles of a batch of images, whose results are outHeight×outWidth.
struct WinogradTiles {
  int64_t across, perImage, count;
  WinogradTiles(int64_t batch, int64_t outHeight, int64_t outWidth)
      : across((outWidth + kWinogradOut - 1) / kWinogradOut),
        perImage(across * ((outHeight + kWinogradOut - 1) / kWinogradOut)),
        count(batch * perImage) {}
};

// How many tiles are transformed and multiplied at a time, of tileBytes each: chunks of equal size
// that stay in the shared cache between the passes.
inline int64_t tilesPerChunk(const WinogradTiles& tiles, int64_t tileBytes) {
  constexpr int64_t kChunkBytes = int64_t{24} << 20;
  const int64_t chunks = (tiles.count * tileBytes + kChunkBytes - 1) / kChunkBytes;
  return (tiles.count + chunks - 1) / chunks;
}

// An image batch (N, H, W, C) seen in squares of kSize whose corners lie a tile apart; beyond its
// edges are zeros.
template <class T>
struct Squares {
  const T* values;
  int64_t height, width, channels;
  int64_t padTop, padLeft;

  // Calls use(loader) with load(row, column) for the square of a tile, from a channel on.
  template <int kSize, class Use>
  void at(const WinogradTiles& tiles, int64_t tile, int64_t channel, const Use& use) const {
    const int64_t image = tile / tiles.perImage, place = tile % tiles.perImage;
    const int64_t top = place / tiles.across * kWinogradOut - padTop;
    const int64_t left = place % tiles.across * kWinogradOut - padLeft;
    const T* corner = values + ((image * height + top) * width + left) * channels + channel;
    const bool inside = top >= 0 && left >= 0 && top + kSize <= height && left + kSize <= width;
    if (inside) {
      use([&](int row, int column) {
        return loadVector(corner + (row * width + column) * channels);
      });
    } else {
      use([&](int row, int column) {
        const int64_t y = top + row, x = left + column;
        if (y < 0 || x < 0 || y >= height || x >= width) return Vector{};
        return loadVector(corner + (row * width + column) * channels);
      });
    }
  }
};

// The values of `count` tiles at each point as rows of `stride` floats: out[point][tile][channel].
template <class T>
void transformImages(const Squares<T>& images, const WinogradTiles& tiles, int64_t first,
                     int64_t count, float* out, int64_t stride) {
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      for (int64_t channel = 0; channel < images.channels; channel += kLanes) {
        float* to = out + tile * stride + channel;
        images.template at<kWinogradTile>(tiles, first + tile, channel, [&](const auto& load) {
          transformSquare<kWinogradTile, kWinogradTile>(
              [](const auto& from, auto& into) { transformValues(from, into); }, load,
              [&](int row, int column, Vector values) {
                storeVector(to + (row * kWinogradTile + column) * count * stride, values);
              });
        });
      }
    }
  });
}

// Which convolutions these kernels take: 3×3 with stride 1 and channels in whole vectors.
inline bool isWinograd(const ConvParams& p) {
  return p.filterHeight == 3 && p.filterWidth == 3 && p.strideHeight == 1 && p.strideWidth == 1 &&
         p.dilationHeight == 1 && p.dilationWidth == 1 && p.groups == 1 &&
         p.inChannels % kLanes == 0 && p.outChannels % kLanes == 0;
}

}  // namespace
}  // namespace cnn
