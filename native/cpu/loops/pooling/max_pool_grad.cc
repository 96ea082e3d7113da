// The gradient of max pooling, without a stored mask: the pool's output says which input was the
// maximum. Vectorised over channels; comparisons are on bits, which are exact.
#include "cpu/loops/to_bf16.h"
#include "pool_window.h"

namespace cnn {
namespace {

template <int COUNT, class T, class Index>
void findFixed(const T* const* taps, const int* places, const T* y, Index* __restrict found,
               int64_t channels) {
  const T* tap[COUNT];
  Index place[COUNT];
  for (int k = 0; k < COUNT; k++) {
    tap[k] = taps[k];
    place[k] = static_cast<Index>(places[k]);
  }
  for (int64_t c = 0; c < channels; c++) {
    Index maximum = bitsOf(y[c]);
    Index index = -1;
#pragma GCC unroll 16
    for (int k = COUNT - 1; k >= 0; k--) index = bitsOf(tap[k][c]) == maximum ? place[k] : index;
    found[c] = index;
  }
}

template <class T, class Index>
void findAny(const T* const* taps, const int* places, int count, const T* y,
             Index* __restrict found, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) found[c] = -1;
  for (int k = count - 1; k >= 0; k--) {
    const T* tap = taps[k];
    Index place = static_cast<Index>(places[k]);
    for (int64_t c = 0; c < channels; c++) {
      found[c] = bitsOf(tap[c]) == bitsOf(y[c]) ? place : found[c];
    }
  }
}

// Finds, for each channel of one window, the place of the first value that equals its maximum y.
template <class T, class Index>
void findMaxima(const T* const* taps, const int* places, int count, const T* y, Index* found,
                int64_t channels) {
  switch (count) {
    case 4:
      return findFixed<4>(taps, places, y, found, channels);
    case 6:
      return findFixed<6>(taps, places, y, found, channels);
    case 9:
      return findFixed<9>(taps, places, y, found, channels);
    default:
      return findAny(taps, places, count, y, found, channels);
  }
}

// The maxima of the last few output rows of one image, as places in their windows. An input row
// is read by at most `depth` output rows.
template <class T>
class Maxima {
 public:
  using Index = typename Bits<T>::Type;
  static int64_t words(const PoolParams& p) {
    return int64_t{ReaderTable::depth(rowsOf(p))} * p.outWidth * p.channels;
  }
  Maxima(const PoolParams& p, const T* x, const T* y, void* memory)
      : p_(p),
        x_(x),
        y_(y),
        memory_(static_cast<Index*>(memory)),
        depth_(ReaderTable::depth(rowsOf(p))) {}

  // Computes row `output` of `image` and the depth - 1 rows before it, where they are missing.
  void advance(int64_t image, int output) {
    if (image != image_) next_ = 0;
    image_ = image;
    int first = output - depth_ + 1;
    if (next_ < first) next_ = first;
    for (; next_ <= output; next_++) findRow(next_);
  }
  const Index* row(int output) const {
    return memory_ + int64_t{output % depth_} * p_.outWidth * p_.channels;
  }

 private:
  void findRow(int output) {
    const Axis horizontal = columnsOf(p_);
    const T* image = x_ + image_ * p_.inHeight * p_.inWidth * p_.channels;
    const T* y = y_ + (image_ * p_.outHeight + output) * p_.outWidth * p_.channels;
    Index* found = memory_ + int64_t{output % depth_} * p_.outWidth * p_.channels;
    Window window = windowOf(rowsOf(p_), output);
    for (int column = 0; column < p_.outWidth; column++) {
      int count = tapsOf<T>(image, p_, window, windowOf(horizontal, column), taps_, places_);
      findMaxima(taps_, places_, count, y, found, p_.channels);
      y += p_.channels;
      found += p_.channels;
    }
  }

  const PoolParams& p_;
  const T* x_;
  const T* y_;
  Index* memory_;
  int depth_;
  int64_t image_ = -1;
  int next_ = 0;
  const T* taps_[kMaxTaps];
  int places_[kMaxTaps];
};

// A window that contains the current input pixel: its gradient, its maxima, the pixel's place in
// it.
template <class D, class Index>
struct Source {
  const D* dy;
  const Index* found;
  Index place;
};

// Sums of channels [begin, begin + channels).
template <int COUNT, class D, class Index>
void gatherSums(const Source<D, Index>* sources, int64_t begin, float* __restrict sums,
                int64_t channels) {
  const D* dy[COUNT];
  const Index* found[COUNT];
  Index place[COUNT];
  for (int k = 0; k < COUNT; k++) {
    dy[k] = sources[k].dy + begin;
    found[k] = sources[k].found + begin;
    place[k] = sources[k].place;
  }
  for (int64_t c = 0; c < channels; c++) {
    float sum = 0;
#pragma GCC unroll 16
    for (int k = 0; k < COUNT; k++) sum += toFloat(zeroUnless(found[k][c] == place[k], dy[k][c]));
    sums[c] = sum;
  }
}

template <int COUNT, class D, class Index>
void gatherFixed(const Source<D, Index>* sources, D* dx, int64_t channels) {
  storeRow(dx, channels, [&](float* sums, int64_t begin, int64_t count) {
    gatherSums<COUNT>(sources, begin, sums, count);
  });
}

// One gradient is no sum, and nothing is rounded.
template <class D, class Index>
void gatherOne(Source<D, Index> source, D* __restrict dx, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) {
    dx[c] = zeroUnless(source.found[c] == source.place, source.dy[c]);
  }
}

template <class D, class Index>
void gatherAny(const Source<D, Index>* sources, int count, D* __restrict dx, int64_t channels,
               float* __restrict sums) {
  for (int64_t c = 0; c < channels; c++) sums[c] = 0;
  for (int k = 0; k < count; k++) {
    const Source<D, Index> source = sources[k];
    for (int64_t c = 0; c < channels; c++) {
      sums[c] += toFloat(zeroUnless(source.found[c] == source.place, source.dy[c]));
    }
  }
  for (int64_t c = 0; c < channels; c++) dx[c] = fromFloat<D>(sums[c]);
}

template <class D, class Index>
void gather(const Source<D, Index>* sources, int count, D* dx, int64_t channels, float* sums) {
  switch (count) {
    case 1:
      return gatherOne(sources[0], dx, channels);
    case 2:
      return gatherFixed<2>(sources, dx, channels);
    case 4:
      return gatherFixed<4>(sources, dx, channels);
    case 6:
      return gatherFixed<6>(sources, dx, channels);
    case 9:
      return gatherFixed<9>(sources, dx, channels);
    default:
      return gatherAny(sources, count, dx, channels, sums);
  }
}

// Each input pixel sums the gradients of the windows whose maximum it is, so that no two threads
// write the same place and the order of the sum is fixed.
template <class T, class D>
void maxPoolGradient(const Call& call, const PoolParams& p) {
  using Index = typename Bits<T>::Type;
  const D* dy = valuesOf<D>(call.inputs[0]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const Axis vertical = rowsOf(p), horizontal = columnsOf(p);
  const int64_t rows = int64_t{p.batch} * p.inHeight;
  const int64_t outRow = int64_t{p.outWidth} * p.channels;
  const int64_t tableWords = ReaderTable::words(vertical) + ReaderTable::words(horizontal);
  int parts = partsFor(rows, grainOf(p, int64_t{p.inWidth} * p.channels));
  PartScratch<float> scratch(call.context, parts, p.channels + tableWords + Maxima<T>::words(p));
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    float* sums = scratch.of(part);
    const ReaderTable above(vertical, sums + p.channels);
    const ReaderTable beside(horizontal, sums + p.channels + ReaderTable::words(vertical));
    Maxima<T> maxima(p, valuesOf<T>(call.inputs[1]), valuesOf<T>(call.inputs[2]),
                     sums + p.channels + tableWords);
    Source<D, Index> sources[kMaxTaps];
    D* out = dx + begin * p.inWidth * p.channels;
    for (int64_t row = begin; row < end; row++) {
      const int64_t image = row / p.inHeight;
      const Readers lines = above.of(static_cast<int>(row % p.inHeight));
      if (lines.count > 0) maxima.advance(image, lines.first[0].output);
      for (int column = 0; column < p.inWidth; column++, out += p.channels) {
        int count = 0;
        for (const Reader& line : lines) {
          const D* up = dy + (image * p.outHeight + line.output) * outRow;
          const Index* found = maxima.row(line.output);
          for (const Reader& place : beside.of(column)) {
            const int64_t at = int64_t{place.output} * p.channels;
            sources[count++] = {up + at, found + at,
                                static_cast<Index>(line.tap * p.filterWidth + place.tap)};
          }
        }
        gather(sources, count, out, p.channels, sums);
      }
    }
  });
}

}  // namespace

CNN_KERNEL(MaxPoolGrad, PoolParams) {
  return maxPoolGradEntry(
      call, [&](auto x, auto dy) { maxPoolGradient<decltype(x), decltype(dy)>(call, params); });
}

}  // namespace cnn
