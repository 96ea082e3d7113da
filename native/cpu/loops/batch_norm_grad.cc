// The gradient of batch normalisation (Ioffe & Szegedy 2015, section 3) through the addition and
// the ReLU that follow it. x and dy are read twice and dx is written once: what the ReLU let
// through is computed again from x, and read from y only where a residual was added.
#include "channel_columns.h"

namespace cnn {
namespace {

// dy of one row behind a ReLU of which the output y is known.
template <class X, class D>
void maskRow(const D* __restrict dy, const X* __restrict y, D* __restrict dz, int64_t columns) {
  for (int64_t c = 0; c < columns; c++) dz[c] = zeroUnless(toFloat(y[c]) > 0, dy[c]);
}

// Adds dz and dz * (x - mean) of some rows to the sums of each column. dz is dy, or with RELU what
// the ReLU passes on.
template <int ROWS, bool RELU, class X, class D>
void addGradients(const D* __restrict dy, const X* __restrict x, int64_t stride, int64_t columns,
                  const float* __restrict mean, const float* __restrict scale,
                  const float* __restrict shift, float* __restrict sums,
                  float* __restrict products) {
  for (int64_t c = 0; c < columns; c++) {
    float sum = sums[c], product = products[c];
#pragma GCC unroll 8
    for (int64_t i = 0; i < ROWS; i++) {
      const float value = toFloat(x[i * stride + c]);
      const bool passes = !RELU || normalised(value, mean[c], scale[c], shift[c]) > 0;
      const float gradient = zeroUnless(passes, toFloat(dy[i * stride + c]));
      sum += gradient;
      product += gradient * (value - mean[c]);
    }
    sums[c] = sum;
    products[c] = product;
  }
}

// Both sums of each column in one part of the grid. Where y is given, dz is written.
template <bool RELU, class X, class D>
void accumulate(const D* dy, const X* x, const X* y, D* dz, const Grid& grid, int part,
                const Columns& scratch) {
  const Range rows = grid.rowsOf(part), columns = grid.columnsOf(part);
  const int rowPart = grid.byColumns ? 0 : part;
  const int64_t count = columns.size();
  double* totals[2];
  float* sums[2];
  for (int which = 0; which < 2; which++) {
    totals[which] = scratch.total(rowPart, which) + columns.begin;
    sums[which] = scratch.chunk(rowPart, which) + columns.begin;
    for (int64_t c = 0; c < count; c++) totals[which][c] = sums[which][c] = 0;
  }
  for (int64_t row = rows.begin; row < rows.end; row += kChunk) {
    inBlocks({row, row + kChunk < rows.end ? row + kChunk : rows.end}, [&](int64_t in, auto block) {
      const int64_t at = in * grid.width + columns.begin;
      for (int64_t i = 0; y != nullptr && i < block(); i++) {
        const int64_t place = at + i * grid.width;
        maskRow(dy + place, y + place, dz + place, count);
      }
      addGradients<block(), RELU>((y == nullptr ? dy : dz) + at, x + at, grid.width, count,
                                  scratch.coefficient(kMean) + columns.begin,
                                  scratch.coefficient(kScale) + columns.begin,
                                  scratch.coefficient(kShift) + columns.begin, sums[0], sums[1]);
    });
    for (int which = 0; which < 2; which++) {
      for (int64_t c = 0; c < count; c++) {
        totals[which][c] += sums[which][c];
        sums[which][c] = 0;
      }
    }
  }
}

// Adds the sums of all row parts and columns of a channel to those of its first column.
void addColumns(const Grid& grid, Range channels, const Columns& scratch) {
  for (int which = 0; which < 2; which++) {
    double* __restrict sum = scratch.total(0, which);
    for (int part = 0; part < grid.rowParts(); part++) {
      for (int64_t fold = part == 0 ? 1 : 0; fold < grid.folded; fold++) {
        const double* other = scratch.total(part, which) + fold * grid.channels;
        for (int64_t c = channels.begin; c < channels.end; c++) sum[c] += other[c];
      }
    }
  }
}

// dGamma, dBeta, and the coefficients of dx = scale (dz - constant - slope (x - mean)). The last
// two stand for the statistics' dependence on x, which frozen ones do not have.
void finishSums(const Call& call, const BatchNormGradParams& p, Range channels,
                const Columns& scratch) {
  const float* inverseDeviation = valuesOf<float>(call.inputs[5]);
  float* dGamma = valuesOf<float>(call.outputs[1]);
  float* dBeta = valuesOf<float>(call.outputs[2]);
  const double each = p.frozen != 0 ? 0 : 1 / static_cast<double>(p.rows);
  for (int64_t c = channels.begin; c < channels.end; c++) {
    const double inverse = inverseDeviation[c];
    const double sum = scratch.total(0, 0)[c], product = scratch.total(0, 1)[c] * inverse;
    dGamma[c] = static_cast<float>(product);
    dBeta[c] = static_cast<float>(sum);
    scratch.coefficient(kSlope)[c] = static_cast<float>(inverse * product * each);
    scratch.coefficient(kConstant)[c] = static_cast<float>(sum * each);
  }
}

template <bool RELU, class X, class D>
void writeRow(const D* __restrict dy, const X* __restrict x, float* __restrict dx, int64_t columns,
              const float* __restrict mean, const float* __restrict scale,
              const float* __restrict shift, const float* __restrict slope,
              const float* __restrict constant) {
  for (int64_t c = 0; c < columns; c++) {
    const float value = toFloat(x[c]);
    const bool passes = !RELU || normalised(value, mean[c], scale[c], shift[c]) > 0;
    const float gradient = zeroUnless(passes, toFloat(dy[c]));
    dx[c] = (gradient - constant[c] - (value - mean[c]) * slope[c]) * scale[c];
  }
}

// dx in one part of the grid.
template <bool RELU, class X, class D>
void write(const D* dy, const X* x, D* dx, const Grid& grid, int part, const Columns& scratch) {
  const Range rows = grid.rowsOf(part), columns = grid.columnsOf(part);
  const float* coefficients[5];
  for (int i = 0; i < 5; i++) coefficients[i] = scratch.coefficient(i) + columns.begin;
  inChunksFromEnd(rows, [&](int64_t row) {
    const int64_t at = row * grid.width + columns.begin;
    storeRow(dx + at, columns.size(), [&](float* values, int64_t c, int64_t count) {
      writeRow<RELU>(dy + at + c, x + at + c, values, count, coefficients[kMean] + c,
                     coefficients[kScale] + c, coefficients[kShift] + c, coefficients[kSlope] + c,
                     coefficients[kConstant] + c);
    });
  });
}

// RELU: what the ReLU passes on is computed from x; not so where y is known.
template <bool RELU, class X, class D>
void gradient(const Call& call, const BatchNormGradParams& p) {
  const bool residual = call.outputs.size() == 4;
  const D* dy = valuesOf<D>(call.inputs[0]);
  const X* x = valuesOf<X>(call.inputs[1]);
  const float* gamma = valuesOf<float>(call.inputs[2]);
  const float* beta = valuesOf<float>(call.inputs[3]);
  const float* mean = valuesOf<float>(call.inputs[4]);
  const float* inverseDeviation = valuesOf<float>(call.inputs[5]);
  const X* y = residual ? valuesOf<X>(call.inputs[6]) : nullptr;
  D* dx = valuesOf<D>(call.outputs[0]);
  D* dz = residual ? valuesOf<D>(call.outputs[3]) : nullptr;
  const Grid grid(p.rows, p.channels);
  const Columns scratch(call, grid);
  parallelPhases(
      grid.parts,
      [&](int part) {
        const Range channels = grid.channelsOf(part);
        for (int64_t c = channels.begin; c < channels.end; c++) {
          scratch.coefficient(kMean)[c] = mean[c];
          scratch.coefficient(kScale)[c] = gamma[c] * inverseDeviation[c];
          scratch.coefficient(kShift)[c] = beta[c];
        }
        scratch.spread(grid, channels, kMean, kShift);
      },
      [&](int part) { accumulate<RELU>(dy, x, y, dz, grid, part, scratch); },
      [&](int part) {
        const Range channels = grid.channelsOf(part);
        addColumns(grid, channels, scratch);
        finishSums(call, p, channels, scratch);
        scratch.spread(grid, channels, kSlope, kConstant);
      },
      [&](int part) { write<RELU>(residual ? dz : dy, x, dx, grid, part, scratch); });
}

bool takes(const Call& call, const BatchNormGradParams& p, bool residual) {
  for (int i = 2; i < 6; i++) {
    if (!isOfChannels(call.inputs[i], p.channels)) return false;
  }
  const Tensor& dy = call.inputs[0];
  const Tensor& x = call.inputs[1];
  if (dy.size != x.size || call.outputs[0].dtype != dy.dtype) return false;
  if (!residual) return true;
  const Tensor& y = call.inputs[6];
  return y.exists() && y.dtype == x.dtype && y.size == x.size && call.outputs[3].dtype == dy.dtype;
}

}  // namespace

// Inputs dy, x, gamma, beta, mean, inverse deviation and, for the ReLU after an addition, y;
// outputs dx, dGamma, dBeta and, with y, the gradient of the residual.
CNN_KERNEL(BatchNormGrad, BatchNormGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  if (activation != Activation::Linear && activation != Activation::Relu) return false;
  const bool residual = call.outputs.size() == 4;
  if (!takes(call, params, residual)) return false;
  return withFloatType(call.inputs[1].dtype, [&](auto x) {
    using X = decltype(x);
    return withFloatType(call.inputs[0].dtype, [&](auto dy) {
      using D = decltype(dy);
      if (activation == Activation::Relu && !residual) {
        gradient<true, X, D>(call, params);
      } else {
        gradient<false, X, D>(call, params);
      }
      return true;
    });
  });
}

}  // namespace cnn
