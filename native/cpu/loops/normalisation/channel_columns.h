// What batch normalisation's passes share: rows of channels cut between threads, and memory for
// each channel's sums and coefficients.
#pragma once
#include <utility>

#include "cpu/loops/to_bf16.h"

namespace cnn {
namespace {

constexpr int64_t kGrainElements = 1 << 14;
constexpr int64_t kNarrow = 256;       // rows shorter than this are taken several at a time as one
constexpr int64_t kColumnCut = 64;     // threads that share a row meet at multiples of this
constexpr int64_t kWideColumns = 512;  // threads share rows where each gets this many columns
constexpr int64_t kChunk = 256;        // rows whose sums are kept in float before they go to double

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

inline Range partOf(int64_t count, int part, int parts) {
  return {count * part / parts, count * (part + 1) / parts};
}

// Columns in parts that begin at multiples of kColumnCut.
inline Range columnsOf(int64_t columns, int part, int parts) {
  const Range cuts = partOf((columns + kColumnCut - 1) / kColumnCut, part, parts);
  const int64_t begin = cuts.begin * kColumnCut, end = cuts.end * kColumnCut;
  return {begin < columns ? begin : columns, end < columns ? end : columns};
}

// A tensor as `rows` rows of `width` columns, where column c belongs to channel c % channels, and
// how it is divided between threads: by columns if there are many, so that no parts have to be
// added, else by rows. Short rows are merged only if they are contiguous.
struct Grid {
  Grid(int32_t tensorRows, int32_t tensorChannels, bool contiguous = true)
      : channels(tensorChannels) {
    folded = contiguous && channels < kNarrow ? kNarrow / channels : 1;
    while (tensorRows % folded != 0) folded--;
    rows = tensorRows / folded;
    width = channels * folded;
    parts = partsFor(rows * width, kGrainElements);
    byColumns = width >= kWideColumns * parts;
    if (!byColumns && rows < parts) parts = static_cast<int>(rows);
  }
  int rowParts() const { return byColumns ? 1 : parts; }
  Range rowsOf(int part) const { return byColumns ? Range{0, rows} : partOf(rows, part, parts); }
  Range columnsOf(int part) const {
    return byColumns ? cnn::columnsOf(width, part, parts) : Range{0, width};
  }
  // From row to row of a tensor whose own rows are `tensorStride` apart.
  int64_t strideOf(int64_t tensorStride) const { return tensorStride * folded; }
  Range channelsOf(int part) const { return cnn::columnsOf(channels, part, parts); }

  int64_t channels, folded, rows, width;
  int parts;
  bool byColumns;
};

template <class Phase>
void runPhase(int parts, const Phase& phase) {
#pragma omp for schedule(static, 1)
  for (int part = 0; part < parts; part++) phase(part);
}

// Calls each phase(part) for all parts, one phase after the other.
template <class... Phases>
void parallelPhases(int parts, const Phases&... phases) {
#pragma omp parallel num_threads(parts) if (parts > 1)
  (runPhase(parts, phases), ...);
}

// Calls body(row, count) for the rows of a range eight at a time, then singly; the count is a
// constant.
template <class Body>
void inBlocks(Range rows, const Body& body) {
  int64_t row = rows.begin;
  for (; row + 8 <= rows.end; row += 8) body(row, std::integral_constant<int, 8>{});
  for (; row < rows.end; row++) body(row, std::integral_constant<int, 1>{});
}

// Calls body(row) for the rows of a range, chunks of them from the last, which the caches still
// hold after a pass over all, to the first. (Single rows in that order would not be prefetched.)
template <class Body>
void inChunksFromEnd(Range rows, const Body& body) {
  for (int64_t end = rows.end; end > rows.begin; end -= kChunk) {
    const int64_t begin = end - rows.begin < kChunk ? rows.begin : end - kChunk;
    for (int64_t row = begin; row < end; row++) body(row);
  }
}

// Scratch memory: what each row part accumulates per column, and the last pass's coefficients.
class Columns {
 public:
  Columns(const Call& call, const Grid& grid)
      : width_((grid.width + 15) / 16 * 16),
        rowParts_(grid.rowParts()),
        scratch_(call.context, rowParts_ + 1, 7 * width_) {}
  // Of all rows of a part: 0 and 1.
  double* total(int rowPart, int which) const {
    return reinterpret_cast<double*>(scratch_.of(rowPart)) + which * width_;
  }
  // Of the chunk at hand: 0 to 2.
  float* chunk(int rowPart, int which) const { return scratch_.of(rowPart) + (4 + which) * width_; }
  // What the last pass adds and multiplies: 0 to 4.
  float* coefficient(int which) const { return scratch_.of(rowParts_) + which * width_; }

  // Copies coefficients `first` to `last` of channels to all columns of these channels.
  void spread(const Grid& grid, Range channels, int first, int last) const {
    for (int which = first; which <= last; which++) {
      const float* own = coefficient(which);
      for (int64_t fold = 1; fold < grid.folded; fold++) {
        float* other = coefficient(which) + fold * grid.channels;
        for (int64_t c = channels.begin; c < channels.end; c++) other[c] = own[c];
      }
    }
  }

 private:
  int64_t width_;
  int rowParts_;
  PartScratch<float> scratch_;
};

// The coefficients of both directions, and those of the backward pass alone.
enum Coefficient { kMean, kScale, kShift, kSlope, kConstant };

// One function for both directions, so that they agree on which values a ReLU lets through.
inline float normalised(float x, float mean, float scale, float shift) {
  return (x - mean) * scale + shift;
}

}  // namespace
}  // namespace cnn
