// Winograd's minimal filtering: 3×3 convolutions in tiles of 4×4 results and 5×5 ones in tiles of
// 2×2, each from 6×6 values, with 36 products where the definition has 144 and 100. S. Winograd,
// Arithmetic Complexity of Computations, 1980; A. Lavin, S. Gray, Fast Algorithms for Convolutional
// Neural Networks, 2016.
//
// The transforms evaluate polynomials at 0, ±a, ±b and infinity. With a = sqrt(1/2) and b = sqrt(2)
// their factors stay near 1, which loses fewer bits than the usual ±1 and ±2.
//
// Tiles and panels (`multiplyPanel`, `paddedRow`) come from matrix_tile.h; vectors (`Vector`,
// `kLanes`, `kHasWideVectors`) from ../vector.h; `narrow` from ../to_bf16.h; threads
// (`parallelFor`, `parallelParts`) from ../parallel.h.
#pragma once
#include "cpu/loops/to_bf16.h"
#include "matrix_tile.h"

namespace cnn {
namespace {

constexpr int kWinogradTile = 6;  // values in each direction
constexpr int kWinogradPoints = kWinogradTile * kWinogradTile;

// In the fixed table: below this many input × output channels, the 5×5 transforms cost more than
// they save (GoogLeNet's at batch 16).
constexpr int64_t kFewMultiplications = 8192;

// Floats of a filter's points that stay in a cache.
[[maybe_unused]] constexpr int64_t kCachedPoints = 4 << 20;

// The results of a tile in each direction.
constexpr int winogradOut(int taps) { return kWinogradTile - taps + 1; }

constexpr float kA = 0.70710678118654752f;
constexpr float kB = 1.41421356237309505f;
constexpr float kPowersOfA[] = {1, kA, 0.5f, kA / 2, 0.25f};
constexpr float kPowersOfB[] = {1, kB, 2, kB * 2, 4};
// The Lagrange denominators of the points ±a and ±b.
constexpr float kDenominatorA = -1.5f, kDenominatorB = 6;

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

// A filter of kTaps at the six points, divided by the points' denominators. In the filter's
// gradient a tile of the output gradient takes the filter's place.
template <int kTaps>
inline void transformFilter(const Vector (&g)[kTaps], Vector (&to)[6]) {
  Vector atA[2], atB[2];  // sums of the even powers and of the odd ones
#pragma GCC unroll 6
  for (int tap = 0; tap < kTaps; tap++) {
    const Vector a = g[tap] * (kPowersOfA[tap] / kDenominatorA);
    const Vector b = g[tap] * (kPowersOfB[tap] / kDenominatorB);
    atA[tap % 2] = tap < 2 ? a : atA[tap % 2] + a;
    atB[tap % 2] = tap < 2 ? b : atB[tap % 2] + b;
  }
  to[0] = g[0];
  to[1] = atA[0] + atA[1];
  to[2] = atA[0] - atA[1];
  to[3] = atB[0] + atB[1];
  to[4] = atB[0] - atB[1];
  to[5] = g[kTaps - 1];
}

// kCount results from the products at the six points.
template <int kCount>
inline void transformResults(const Vector (&m)[6], Vector (&to)[kCount]) {
  const Vector atA[] = {m[1] + m[2], m[1] - m[2]};
  const Vector atB[] = {m[3] + m[4], m[3] - m[4]};
  to[0] = m[0] + atA[0] + atB[0];
#pragma GCC unroll 6
  for (int i = 1; i < kCount; i++) {
    to[i] = kPowersOfA[i] * atA[i % 2] + kPowersOfB[i] * atB[i % 2];
  }
  to[kCount - 1] += m[5];
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

// The distance between the values of one point and those of the next: the transforms write or read
// all points at once, and at a power of two all of them would share a few lines of the first cache.
inline int64_t pointStride(int64_t floats) { return roundUp(floats, kTileColumns) + kTileColumns; }

// The tiles of a batch of images, whose results are outHeight×outWidth, size×size in a tile.
struct WinogradTiles {
  int64_t size, across, perImage, count;
  WinogradTiles(int64_t size, int64_t batch, int64_t outHeight, int64_t outWidth)
      : size(size),
        across((outWidth + size - 1) / size),
        perImage(across * ((outHeight + size - 1) / size)),
        count(batch * perImage) {}
};

// The channels of a grouped convolution in panels of kTileColumns columns: each group begins a new
// panel, and the columns after its last channel are empty.
struct GroupPanels {
  int64_t groups, channels, perGroup;
  GroupPanels(int64_t groups, int64_t channels)
      : groups(groups),
        channels(channels),
        perGroup((channels + kTileColumns - 1) / kTileColumns) {}

  int64_t count() const { return groups * perGroup; }
  int64_t columns() const { return count() * kTileColumns; }
  int64_t groupOf(int64_t panel) const { return panel / perGroup; }

  // The channel, of all groups, in a column, or -1.
  int64_t channelAt(int64_t column) const {
    const int64_t inGroup = column % (perGroup * kTileColumns);
    return inGroup < channels ? groupOf(column / kTileColumns) * channels + inGroup : -1;
  }
};

// How tiles, of tileBytes of scratch memory each, are cut into chunks that are transformed and
// multiplied at a time. With few channels each of `parts` threads has chunks of its own, which stay
// in its second cache (1.1 to 1.5 times as fast); otherwise all threads work on one chunk at a
// time, which stays in the shared cache.
struct TileChunks {
  int64_t size, parts;

  TileChunks(const WinogradTiles& tiles, int64_t tileBytes, bool fewChannels = true) {
    constexpr int64_t kOwnBytes = 1200 << 10, kSharedBytes = 24 << 20;
    const int64_t threads = omp_get_max_threads();
    const int64_t own = kOwnBytes / tileBytes / kTileRows * kTileRows;
    if (fewChannels && own >= 2 * kTileRows && tiles.count >= threads * own) {
      parts = threads;
      size = own;
    } else {
      const int64_t chunks = (tiles.count * tileBytes + kSharedBytes - 1) / kSharedBytes;
      parts = 1;
      size = (tiles.count + chunks - 1) / chunks;
    }
  }

  // Calls body(part, first, count, again) for each chunk; `again` from a part's second chunk on.
  template <class Body>
  void forEach(const WinogradTiles& tiles, const Body& body) const {
    parallelParts(static_cast<int>(parts), tiles.count, [&](int part, int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end; first += size) {
        body(part, first, end - first < size ? end - first : size, first > begin);
      }
    });
  }
};

// An image batch (N, H, W, C) as squares of kSize whose corners are a tile apart; beyond its edges
// are zeros.
template <class T>
struct Squares {
  const T* values;
  int64_t height, width, channels;
  int64_t padTop, padLeft;

  // Calls use(loader) with load(row, column) for the square of a tile, from a channel on.
  template <int kSize, class Use>
  void at(const WinogradTiles& tiles, int64_t tile, int64_t channel, const Use& use) const {
    const int64_t image = tile / tiles.perImage, place = tile % tiles.perImage;
    const int64_t top = place / tiles.across * tiles.size - padTop;
    const int64_t left = place % tiles.across * tiles.size - padLeft;
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

// The values of `count` tiles at each point as rows of `stride` floats: out[point][tile][channel],
// of which each point takes pointStride(count * stride) floats.
template <class T>
void transformImages(const Squares<T>& images, const WinogradTiles& tiles, int64_t first,
                     int64_t count, float* out, int64_t stride) {
  const int64_t point = pointStride(count * stride);
  parallelFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      for (int64_t channel = 0; channel < images.channels; channel += kLanes) {
        float* to = out + tile * stride + channel;
        images.template at<kWinogradTile>(tiles, first + tile, channel, [&](const auto& load) {
          transformSquare<kWinogradTile, kWinogradTile>(
              [](const auto& from, auto& into) { transformValues(from, into); }, load,
              [&](int row, int column, Vector values) {
                storeVector(to + (row * kWinogradTile + column) * point, values);
              });
        });
      }
    }
  });
}

// The taps in each direction of the convolutions that these kernels take, 3 or 5 with stride 1 and
// each group's channels in whole vectors; 0 for all others.
inline int winogradTaps(const ConvParams& p, bool chosen) {
  const int64_t taps = p.filterHeight, inChannels = p.inChannels / p.groups;
  const int64_t outChannels = p.outChannels / p.groups;
  const bool plain = p.filterWidth == taps && p.strideHeight == 1 && p.strideWidth == 1 &&
                     p.dilationHeight == 1 && p.dilationWidth == 1;
  if (!kHasWideVectors || !plain || inChannels % kLanes != 0 || outChannels % kLanes != 0) return 0;
  if (taps == 3) return 3;
  return taps == 5 && (chosen || p.inChannels * outChannels >= kFewMultiplications) ? 5 : 0;
}

// How many products the definition has for each that Winograd's filtering needs, where the
// transforms of the filter count as those of tiles do: as 8 tiles where its points stay in a cache,
// as 20 where they do not.
inline float winogradGain(const ConvParams& p, int taps) {
  const WinogradTiles tiles(winogradOut(taps), p.batch, p.outHeight, p.outWidth);
  const int64_t points = kWinogradPoints * p.inChannels / p.groups * p.outChannels;
  const int64_t filter = points <= kCachedPoints ? 8 : 20;
  const int64_t products = kWinogradPoints * (tiles.count + filter);
  return static_cast<float>(taps * taps * p.batch * p.outHeight * p.outWidth) / products;
}

// Calls use(taps) with a constant for what winogradTaps found, unless Winograd's filtering gains
// less than `least` and is not chosen; returns whether it did.
template <class Use>
bool withWinogradTaps(const Call& call, const ConvParams& p, float least, const Use& use) {
  const int taps = winogradTaps(p, call.chosen);
  if (taps == 0 || (!call.chosen && winogradGain(p, taps) < least)) return false;
  if (taps == 3) return use(std::integral_constant<int, 3>{});
  if (taps == 5) return use(std::integral_constant<int, 5>{});
  return false;
}

}  // namespace
}  // namespace cnn
