// Batch normalisation (Ioffe & Szegedy 2015, algorithm 1) with the addition and the ReLU that
// follow it. x is read twice and y written once.
//
// Statistics are merged from chunk to chunk of rows in double (Chan, Golub & LeVeque 1983). Within
// a chunk they are float sums of deviations from the mean so far, so that neither a large mean nor
// an outlier costs the variance its digits.
#include <cmath>

#include "channel_columns.h"

namespace cnn {
namespace {

// Rows of the next chunk after `before` of them. The first chunks are short, for the guess is as
// good as the rows before it: what their mean is off costs digits only in the chunk itself.
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
void mergeChunk(double* __restrict mean, double* __restrict squares, float* __restrict guess,
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

// The mean and the squares of each column in one part of the grid.
template <class T>
void accumulate(const T* x, const Grid& grid, int part, const Columns& scratch) {
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
void mergeColumns(const Grid& grid, Range channels, const Columns& scratch) {
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

bool channelInputsFit(const Call& call, int32_t channels) {
  for (int i = 1; i < 5; i++) {
    const bool missing = i < 3 && !call.inputs[i].exists();
    if (!missing && !isOfChannels(call.inputs[i], channels)) return false;
  }
  return true;
}

void invertDeviations(const double* __restrict variance, float* __restrict inverse, Range channels,
                      double epsilon) {
  for (int64_t c = channels.begin; c < channels.end; c++) {
    inverse[c] = static_cast<float>(1 / std::sqrt(variance[c] + epsilon));
  }
}

void blend(float* __restrict running, const double* __restrict added, Range channels,
           double momentum, double factor) {
  for (int64_t c = channels.begin; c < channels.end; c++) {
    running[c] = static_cast<float>(running[c] * momentum + added[c] * factor);
  }
}

// What y is made with. Without gamma and beta they are 1 and 0.
void setCoefficients(const Call& call, const Grid& grid, Range channels, const Columns& scratch,
                     const float* mean, const float* inverseDeviation) {
  const float* gamma = valuesOf<float>(call.inputs[1]);
  const float* beta = valuesOf<float>(call.inputs[2]);
  float* const coefficients[] = {scratch.coefficient(kMean), scratch.coefficient(kScale),
                                 scratch.coefficient(kShift)};
  for (int64_t c = channels.begin; c < channels.end; c++) {
    coefficients[kMean][c] = mean[c];
    coefficients[kScale][c] =
        gamma == nullptr ? inverseDeviation[c] : gamma[c] * inverseDeviation[c];
    coefficients[kShift][c] = beta == nullptr ? 0 : beta[c];
  }
  scratch.spread(grid, channels, kMean, kShift);
}

// From the sums of all rows to the batch's statistics, the running ones and the coefficients.
void finishStatistics(const Call& call, const BatchNormTrainParams& p, const Grid& grid,
                      Range channels, const Columns& scratch) {
  const double* __restrict mean = scratch.total(0, 0);
  double* __restrict variance = scratch.total(0, 1);
  float* __restrict batchMean = valuesOf<float>(call.outputs[1]);
  float* inverseDeviation = valuesOf<float>(call.outputs[2]);
  const double rows = p.rows;
  for (int64_t c = channels.begin; c < channels.end; c++) {
    batchMean[c] = static_cast<float>(mean[c]);
    variance[c] = variance[c] < 0 ? 0 : variance[c] / rows;  // rounding; a NaN stays
  }
  invertDeviations(variance, inverseDeviation, channels, static_cast<double>(p.epsilon));
  // The unbiased variance of one row does not exist.
  const double correction = p.unbiased != 0 && p.rows > 1 ? rows / (rows - 1) : 1;
  const double kept = p.momentum;
  blend(valuesOf<float>(call.inputs[3]), mean, channels, kept, 1 - kept);
  blend(valuesOf<float>(call.inputs[4]), variance, channels, kept, (1 - kept) * correction);
  setCoefficients(call, grid, channels, scratch, batchMean, inverseDeviation);
}

template <bool RELU, class T, class R>
void applyToRow(const T* __restrict x, const R* __restrict residual, float* __restrict y,
                int64_t columns, const float* __restrict mean, const float* __restrict scale,
                const float* __restrict shift) {
  for (int64_t c = 0; c < columns; c++) {
    float value = normalised(toFloat(x[c]), mean[c], scale[c], shift[c]);
    if constexpr (!std::is_void<R>::value) value += toFloat(residual[c]);
    y[c] = zeroUnless(!(RELU && value < 0), value);  // a NaN stays
  }
}

// y in one part of the grid; R is void without a residual.
template <bool RELU, class T, class R>
void apply(const T* x, const R* residual, T* y, const Grid& grid, int part,
           const Columns& scratch) {
  const Range rows = grid.rowsOf(part), columns = grid.columnsOf(part);
  const float* mean = scratch.coefficient(kMean) + columns.begin;
  const float* scale = scratch.coefficient(kScale) + columns.begin;
  const float* shift = scratch.coefficient(kShift) + columns.begin;
  inChunksFromEnd(rows, [&](int64_t row) {
    const int64_t at = row * grid.width + columns.begin;
    storeRow(y + at, columns.size(), [&](float* values, int64_t c, int64_t count) {
      const R* added = nullptr;
      if constexpr (!std::is_void<R>::value) added = residual + at + c;
      applyToRow<RELU>(x + at + c, added, values, count, mean + c, scale + c, shift + c);
    });
  });
}

// Calls body with the types that differ: of x, whether there is a ReLU, and a pointer to the
// residual, of void if there is none.
template <class Body>
bool withTypes(const Call& call, int32_t activation, const Body& body) {
  if (call.inputs[0].dtype != call.outputs[0].dtype) return false;
  const Tensor& residual = call.inputs[5];
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    auto withResidual = [&](auto relu) {
      if (!residual.exists()) {
        body(x, relu, static_cast<const void*>(nullptr));
        return true;
      }
      return residual.size == call.inputs[0].size && withFloatType(residual.dtype, [&](auto r) {
               body(x, relu, static_cast<const decltype(r)*>(residual.raw()));
               return true;
             });
    };
    switch (static_cast<Activation>(activation)) {
      case Activation::Linear:
        return withResidual(std::false_type{});
      case Activation::Relu:
        return withResidual(std::true_type{});
      default:
        return false;
    }
  });
}

}  // namespace

// Inputs x, gamma, beta, running mean, running variance, residual; outputs y, and of the batch the
// mean and 1 / sqrt(variance + epsilon). The running statistics change in place.
CNN_KERNEL(BatchNormTrain, BatchNormTrainParams) {
  if (!channelInputsFit(call, params.channels)) return false;
  return withTypes(call, params.activation, [&](auto type, auto relu, auto residual) {
    using T = decltype(type);
    const T* x = valuesOf<T>(call.inputs[0]);
    T* y = valuesOf<T>(call.outputs[0]);
    const Grid grid(params.rows, params.channels);
    const Columns scratch(call, grid);
    parallelPhases(
        grid.parts, [&](int part) { accumulate(x, grid, part, scratch); },
        [&](int part) {
          const Range channels = grid.channelsOf(part);
          mergeColumns(grid, channels, scratch);
          finishStatistics(call, params, grid, channels, scratch);
        },
        [&](int part) { apply<relu()>(x, residual, y, grid, part, scratch); });
    call.inputs[3].storage->version++;
    call.inputs[4].storage->version++;
  });
}

// Inputs x, gamma, beta, mean, variance, residual; output y. Gamma and beta may be missing too.
CNN_KERNEL(BatchNormInference, BatchNormInferenceParams) {
  if (!channelInputsFit(call, params.channels)) return false;
  return withTypes(call, params.activation, [&](auto type, auto relu, auto residual) {
    using T = decltype(type);
    const T* x = valuesOf<T>(call.inputs[0]);
    T* y = valuesOf<T>(call.outputs[0]);
    const float* mean = valuesOf<float>(call.inputs[3]);
    const float* variance = valuesOf<float>(call.inputs[4]);
    const Grid grid(params.rows, params.channels);
    const Columns scratch(call, grid);
    parallelPhases(
        grid.parts,
        [&](int part) {
          const Range channels = grid.channelsOf(part);
          double* wide = scratch.total(0, 1);
          float* inverse = scratch.coefficient(kScale);
          for (int64_t c = channels.begin; c < channels.end; c++) wide[c] = variance[c];
          invertDeviations(wide, inverse, channels, static_cast<double>(params.epsilon));
          setCoefficients(call, grid, channels, scratch, mean, inverse);
        },
        [&](int part) { apply<relu()>(x, residual, y, grid, part, scratch); });
  });
}

}  // namespace cnn
