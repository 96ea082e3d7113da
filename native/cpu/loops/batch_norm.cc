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

// Of gamma, beta, mean and variance; the first two are 1 and 0 where they are missing.
struct ChannelInputs {
  explicit ChannelInputs(const Call& call)
      : gamma(valuesOf<float>(call.inputs[1])),
        beta(valuesOf<float>(call.inputs[2])),
        mean(valuesOf<float>(call.inputs[3])),
        variance(valuesOf<float>(call.inputs[4])) {}
  static bool fit(const Call& call, int32_t channels) {
    for (int i = 1; i < 5; i++) {
      const bool optional = i < 3;
      if (optional && !call.inputs[i].exists()) continue;
      if (!isOfChannels(call.inputs[i], channels)) return false;
    }
    return true;
  }
  // What y is made with for channel c.
  void coefficients(int64_t c, float usedMean, float inverseDeviation,
                    const Columns& scratch) const {
    scratch.coefficient(kMean)[c] = usedMean;
    scratch.coefficient(kScale)[c] = (gamma == nullptr ? 1 : gamma[c]) * inverseDeviation;
    scratch.coefficient(kShift)[c] = beta == nullptr ? 0 : beta[c];
  }
  const float* gamma;
  const float* beta;
  float* mean;
  float* variance;
};

inline float inverseDeviationOf(double variance, float epsilon) {
  return static_cast<float>(1 / std::sqrt(variance + static_cast<double>(epsilon)));
}

inline float blend(float kept, float momentum, double added) {
  return static_cast<float>(kept * momentum + added * (1 - static_cast<double>(momentum)));
}

// Batch statistics out, running statistics and coefficients changed.
void finishStatistics(const Call& call, const BatchNormTrainParams& p, Range channels,
                      const Columns& scratch) {
  const ChannelInputs inputs(call);
  float* batchMean = valuesOf<float>(call.outputs[1]);
  float* inverseDeviation = valuesOf<float>(call.outputs[2]);
  const double rows = p.rows;
  // The unbiased variance of one row does not exist.
  const double correction = p.unbiased != 0 && p.rows > 1 ? rows / (rows - 1) : 1;
  for (int64_t c = channels.begin; c < channels.end; c++) {
    const double mean = scratch.total(0, 0)[c], squares = scratch.total(0, 1)[c];
    const double variance = squares < 0 ? 0 : squares / rows;  // a NaN stays
    batchMean[c] = static_cast<float>(mean);
    inverseDeviation[c] = inverseDeviationOf(variance, p.epsilon);
    inputs.mean[c] = blend(inputs.mean[c], p.momentum, mean);
    inputs.variance[c] = blend(inputs.variance[c], p.momentum, variance * correction);
    inputs.coefficients(c, batchMean[c], inverseDeviation[c], scratch);
  }
}

template <int ROWS, bool RELU, class T, class R>
void applyToBlock(const T* __restrict x, const R* __restrict residual, T* __restrict y,
                  int64_t stride, int64_t columns, const float* __restrict mean,
                  const float* __restrict scale, const float* __restrict shift) {
  for (int64_t c = 0; c < columns; c++) {
#pragma GCC unroll 8
    for (int64_t i = 0; i < ROWS; i++) {
      const int64_t at = i * stride + c;
      float value = normalised(toFloat(x[at]), mean[c], scale[c], shift[c]);
      if constexpr (!std::is_void<R>::value) value += toFloat(residual[at]);
      y[at] = fromFloat<T>(RELU && value < 0 ? 0.0f : value);  // a NaN stays
    }
  }
}

// y in one part of the grid; R is void without a residual.
template <bool RELU, class T, class R>
void apply(const T* x, const R* residual, T* y, const Grid& grid, int part,
           const Columns& scratch) {
  const Range columns = grid.columnsOf(part);
  inBlocksFromEnd(grid.rowsOf(part), [&](int64_t row, auto block) {
    const int64_t at = row * grid.width + columns.begin;
    const R* added = nullptr;
    if constexpr (!std::is_void<R>::value) added = residual + at;
    applyToBlock<block(), RELU>(x + at, added, y + at, grid.width, columns.size(),
                                scratch.coefficient(kMean) + columns.begin,
                                scratch.coefficient(kScale) + columns.begin,
                                scratch.coefficient(kShift) + columns.begin);
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
  if (!ChannelInputs::fit(call, params.channels)) return false;
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
          finishStatistics(call, params, channels, scratch);
          scratch.spread(grid, channels, kMean, kShift);
        },
        [&](int part) { apply<relu()>(x, residual, y, grid, part, scratch); });
    call.inputs[3].storage->version++;
    call.inputs[4].storage->version++;
  });
}

// Inputs x, gamma, beta, mean, variance, residual; output y. Gamma and beta may be missing too.
CNN_KERNEL(BatchNormInference, BatchNormInferenceParams) {
  if (!ChannelInputs::fit(call, params.channels)) return false;
  return withTypes(call, params.activation, [&](auto type, auto relu, auto residual) {
    using T = decltype(type);
    const T* x = valuesOf<T>(call.inputs[0]);
    T* y = valuesOf<T>(call.outputs[0]);
    const ChannelInputs inputs(call);
    const Grid grid(params.rows, params.channels);
    const Columns scratch(call, grid);
    parallelPhases(
        grid.parts,
        [&](int part) {
          const Range channels = grid.channelsOf(part);
          for (int64_t c = channels.begin; c < channels.end; c++) {
            const float inverse = inverseDeviationOf(inputs.variance[c], params.epsilon);
            inputs.coefficients(c, inputs.mean[c], inverse, scratch);
          }
          scratch.spread(grid, channels, kMean, kShift);
        },
        [&](int part) { apply<relu()>(x, residual, y, grid, part, scratch); });
  });
}

}  // namespace cnn
