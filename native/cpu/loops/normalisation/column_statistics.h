// The mean and the variance of each channel in one pass over the rows of a tensor.
//
// Statistics are merged from chunk to chunk of rows in double (Chan, Golub & LeVeque 1983). Within
// a chunk they are float sums of deviations from the mean so far, so that neither a large mean nor
// an outlier costs the variance its digits.
#pragma once
#include "channel_columns.h"

namespace cnn {
namespace {

// Rows of the next chunk after `before` of them. The first chunks are short, because the guess of
// the mean is only as good as the rows before it; its error costs digits in that chunk alone.
inline int64_t chunkAfter(int64_t before) {
  if (before == 0) return 8;
  return 3 * before < kChunk ? 3 * before : kChunk;
}

// How the statistics of `other` rows are merged into those of `count` rows.
struct Weights {
  Weights(double count, double other)
      : share(other / (count + other)), cross(count * other / (count + other)) {}
  double share, cross;
};

// `squares` is the sum of the squared deviations from the mean.
inline void merge(double& mean, double& squares, double otherMean, double otherSquares,
                  Weights weights) {
  const double difference = otherMean - mean;
  mean += difference * weights.share;
  squares += otherSquares + difference * difference * weights.cross;
}

template <int ROWS, class T>
void addDeviations(const T* __restrict x, int64_t stride, int64_t columns,
                   const float* __restrict guess, float* __restrict sums,
                   float* __restrict squares) {
  for (int64_t c = 0; c < columns; c++) {
    const float start = guess[c];
    float sum = sums[c], square = squares[c];
#pragma GCC unroll 8
    for (int64_t i = 0; i < ROWS; i++) {
      const float deviation = toFloat(x[i * stride + c]) - start;
      sum += deviation;
      square += deviation * deviation;
    }
    sums[c] = sum;
    squares[c] = square;
  }
}

// Merges a chunk of `rows` rows, given as sums of its deviations from `guess`, into the `before`
// rows before it. The mean so far is the guess for the next chunk.
inline void mergeChunk(double* __restrict mean, double* __restrict squares, float* __restrict guess,
                       float* __restrict chunkSums, float* __restrict chunkSquares, int64_t columns,
                       int64_t before, int64_t rows) {
  const Weights weights(static_cast<double>(before), static_cast<double>(rows));
  const double each = 1 / static_cast<double>(rows);
  for (int64_t c = 0; c < columns; c++) {
    const double sum = chunkSums[c], offset = sum * each;
    merge(mean[c], squares[c], guess[c] + offset, chunkSquares[c] - sum * offset, weights);
    guess[c] = static_cast<float>(mean[c]);
    chunkSums[c] = 0;
    chunkSquares[c] = 0;
  }
}

// The mean and the squares of each column in one part of the grid: totals 0 and 1.
template <class T>
void accumulateStatistics(const T* x, const Grid& grid, int part, const Columns& scratch) {
  const Range rows = grid.rowsOf(part), columns = grid.columnsOf(part);
  const int rowPart = grid.byColumns ? 0 : part;
  const int64_t count = columns.size();
  double* mean = scratch.total(rowPart, 0) + columns.begin;
  double* squares = scratch.total(rowPart, 1) + columns.begin;
  float* guess = scratch.chunk(rowPart, 0) + columns.begin;
  float* chunkSums = scratch.chunk(rowPart, 1) + columns.begin;
  float* chunkSquares = scratch.chunk(rowPart, 2) + columns.begin;
  const T* start = x + columns.begin;
  for (int64_t c = 0; c < count; c++) {
    mean[c] = squares[c] = 0;
    guess[c] = toFloat(start[rows.begin * grid.width + c]);
    chunkSums[c] = chunkSquares[c] = 0;
  }
  for (int64_t row = rows.begin; row < rows.end;) {
    const int64_t chunkEnd = row + chunkAfter(row - rows.begin);
    const int64_t end = chunkEnd < rows.end ? chunkEnd : rows.end;
    inBlocks({row, end}, [&](int64_t at, auto block) {
      addDeviations<block()>(start + at * grid.width, grid.width, count, guess, chunkSums,
                             chunkSquares);
    });
    mergeChunk(mean, squares, guess, chunkSums, chunkSquares, count, row - rows.begin, end - row);
    row = end;
  }
}

// Merges the statistics of all row parts and columns of a channel into those of its first column.
inline void mergeColumns(const Grid& grid, Range channels, const Columns& scratch) {
  double* __restrict mean = scratch.total(0, 0);
  double* __restrict squares = scratch.total(0, 1);
  double merged = 0;
  for (int part = 0; part < grid.rowParts(); part++) {
    const double rows = static_cast<double>(grid.rowsOf(part).size());
    for (int64_t fold = 0; fold < grid.folded; fold++, merged += rows) {
      if (merged == 0) continue;
      const Weights weights(merged, rows);
      const double* otherMean = scratch.total(part, 0) + fold * grid.channels;
      const double* otherSquares = scratch.total(part, 1) + fold * grid.channels;
      for (int64_t c = channels.begin; c < channels.end; c++) {
        merge(mean[c], squares[c], otherMean[c], otherSquares[c], weights);
      }
    }
  }
}

// Merges all parts and makes variances of the squares: after it the totals 0 and 1 of the first
// part are those of the channels.
inline void mergeStatistics(const Grid& grid, Range channels, const Columns& scratch, double rows) {
  mergeColumns(grid, channels, scratch);
  double* variance = scratch.total(0, 1);
  for (int64_t c = channels.begin; c < channels.end; c++) {
    variance[c] = variance[c] < 0 ? 0 : variance[c] / rows;  // rounding; a NaN stays
  }
}

}  // namespace
}  // namespace cnn
