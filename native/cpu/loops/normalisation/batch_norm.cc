// Batch normalisation (Ioffe & Szegedy 2015, algorithm 1) with the addition and the ReLU that
// follow it. x is read twice, or once where the statistics are known, and y written once.
#include <cmath>

#include "column_statistics.h"

namespace cnn {
namespace {

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

// The parameters of y. Missing gamma and beta are 1 and 0.
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

// Updates the running statistics with those of the batch, which are the totals 0 and 1.
template <class Params>
void blendRunning(const Tensor& runningMean, const Tensor& runningVariance, const Params& p,
                  Range channels, const Columns& scratch) {
  // The unbiased variance of one row does not exist.
  const double rows = p.rows;
  const double correction = p.unbiased != 0 && p.rows > 1 ? rows / (rows - 1) : 1;
  const double kept = p.momentum;
  blend(valuesOf<float>(runningMean), scratch.total(0, 0), channels, kept, 1 - kept);
  blend(valuesOf<float>(runningVariance), scratch.total(0, 1), channels, kept,
        (1 - kept) * correction);
}

// From the sums of all rows to the batch's statistics, the running ones and the coefficients.
void finishStatistics(const Call& call, const BatchNormTrainParams& p, const Grid& grid,
                      Range channels, const Columns& scratch) {
  mergeStatistics(grid, channels, scratch, p.rows);
  const double* __restrict mean = scratch.total(0, 0);
  const double* variance = scratch.total(0, 1);
  float* __restrict batchMean = valuesOf<float>(call.outputs[1]);
  float* inverseDeviation = valuesOf<float>(call.outputs[2]);
  for (int64_t c = channels.begin; c < channels.end; c++)
    batchMean[c] = static_cast<float>(mean[c]);
  invertDeviations(variance, inverseDeviation, channels, static_cast<double>(p.epsilon));
  blendRunning(call.inputs[3], call.inputs[4], p, channels, scratch);
  setCoefficients(call, grid, channels, scratch, batchMean, inverseDeviation);
}

template <bool RELU, class T, class R>
void applyToRow(const T* __restrict x, const R* __restrict residual, float* __restrict y,
                int64_t columns, const float* __restrict mean, const float* __restrict scale,
                const float* __restrict shift) {
  for (int64_t c = 0; c < columns; c++) {
    float value = normalised(toFloat(x[c]), mean[c], scale[c], shift[c]);
    if constexpr (!std::is_void<R>::value) value += toFloat(residual[c]);
    y[c] = RELU ? relu(value) : value;
  }
}

// y in one part of the grid; rows of x are `stride` elements apart. R is void without a residual.
template <bool RELU, class T, class R, class Y>
void apply(const T* x, int64_t stride, const R* residual, Y* y, const Grid& grid, int part,
           const Columns& scratch) {
  const Range rows = grid.rowsOf(part), columns = grid.columnsOf(part);
  const float* mean = scratch.coefficient(kMean) + columns.begin;
  const float* scale = scratch.coefficient(kScale) + columns.begin;
  const float* shift = scratch.coefficient(kShift) + columns.begin;
  inChunksFromEnd(rows, [&](int64_t row) {
    const int64_t at = row * grid.width + columns.begin;
    const T* from = x + row * stride + columns.begin;
    storeRow(y + at, columns.size(), [&](float* values, int64_t c, int64_t count) {
      const R* added = nullptr;
      if constexpr (!std::is_void<R>::value) added = residual + at + c;
      applyToRow<RELU>(from + c, added, values, count, mean + c, scale + c, shift + c);
    });
  });
}

// Calls body with the types that differ: of x, whether there is a ReLU, and a pointer to the
// residual, of void if there is none.
template <class Body>
bool withTypes(const Call& call, int32_t activation, const Body& body) {
  const Tensor& residual = call.inputs[5];
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    auto withResidual = [&](auto relu) {
      if (!residual.exists()) {
        body(x, relu, static_cast<const void*>(nullptr));
        return true;
      }
      return withFloatType(residual.dtype, [&](auto r) {
        body(x, relu, static_cast<const decltype(r)*>(residual.raw()));
        return true;
      });
    };
    const bool relu = static_cast<Activation>(activation) == Activation::Relu;
    return relu ? withResidual(std::true_type{}) : withResidual(std::false_type{});
  });
}

}  // namespace

// Inputs x, gamma, beta, running mean, running variance, residual; outputs y, and of the batch the
// mean and 1 / sqrt(variance + epsilon). The running statistics change in place.
CNN_KERNEL(BatchNormTrain, BatchNormTrainParams) {
  return withTypes(call, params.activation, [&](auto type, auto relu, auto residual) {
    using T = decltype(type);
    const T* x = valuesOf<T>(call.inputs[0]);
    T* y = valuesOf<T>(call.outputs[0]);
    const Grid grid(params.rows, params.channels);
    const Columns scratch(call, grid);
    parallelPhases(
        grid.parts, [&](int part) { accumulateStatistics(x, grid, part, scratch); },
        [&](int part) {
          const Range channels = grid.channelsOf(part);
          finishStatistics(call, params, grid, channels, scratch);
        },
        [&](int part) { apply<relu()>(x, grid.width, residual, y, grid, part, scratch); });
    call.inputs[3].storage->version++;
    call.inputs[4].storage->version++;
  });
}

// Inputs x, gamma, beta, mean, variance, residual; output y. Gamma and beta may be missing too.
CNN_KERNEL(BatchNormInference, BatchNormInferenceParams) {
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
        [&](int part) { apply<relu()>(x, grid.width, residual, y, grid, part, scratch); });
  });
}

// Inputs x, gamma, beta, mean, variance and, to take those two in, the running mean and variance;
// output y, of any float type. x is the first `channels` of rows of `stride` channels, mean and
// variance are of at least these.
CNN_KERNEL(BatchNormSlice, BatchNormSliceParams) {
  const Tensor& runningMean = call.inputs[5];
  const Tensor& runningVariance = call.inputs[6];
  const bool running = runningMean.exists();
  const Tensor& y = call.outputs[0];
  const auto activation = static_cast<Activation>(params.activation);
  const Grid grid(params.rows, params.channels, params.stride == params.channels);
  const Columns scratch(call, grid);
  const float* mean = valuesOf<float>(call.inputs[3]);
  const float* variance = valuesOf<float>(call.inputs[4]);
  const auto setUp = [&](int part) {
    const Range channels = grid.channelsOf(part);
    for (int64_t c = channels.begin; c < channels.end; c++) {
      scratch.total(0, 0)[c] = mean[c];
      scratch.total(0, 1)[c] = variance[c];
    }
    float* inverse = scratch.coefficient(kScale);
    invertDeviations(scratch.total(0, 1), inverse, channels, static_cast<double>(params.epsilon));
    if (running) blendRunning(runningMean, runningVariance, params, channels, scratch);
    setCoefficients(call, grid, channels, scratch, mean, inverse);
  };
  const auto applyAs = [&](auto xType, auto yType) {
    const auto* x = valuesOf<decltype(xType)>(call.inputs[0]);
    auto* to = valuesOf<decltype(yType)>(y);
    const int64_t stride = grid.strideOf(params.stride);
    const auto applyWith = [&](auto relu) {
      parallelPhases(grid.parts, setUp, [&](int part) {
        apply<relu()>(x, stride, static_cast<const void*>(nullptr), to, grid, part, scratch);
      });
    };
    activation == Activation::Relu ? applyWith(std::true_type{}) : applyWith(std::false_type{});
  };
  const bool taken = withFloatType(call.inputs[0].dtype, [&](auto xType) {
    return withFloatType(y.dtype, [&](auto yType) {
      applyAs(xType, yType);
      return true;
    });
  });
  if (running) {
    runningMean.storage->version++;
    runningVariance.storage->version++;
  }
  return taken;
}

}  // namespace cnn
