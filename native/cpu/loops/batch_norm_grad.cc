// The gradient of batch normalisation (Ioffe & Szegedy 2015, section 3) through the addition and
// the ReLU that follow it. x and dy are read twice and dx is written once: what the ReLU let
// through is computed again from x, and read from y only where a residual was added.
#include "channel_columns.h"

namespace cnn {
namespace {

// How it is known which gradients the ReLU passes on.
enum class Mask { None, FromInput, FromOutput };

// dy behind the ReLU.
template <Mask MASK, class X, class D>
inline D masked(D dy, X x, X y, float mean, float scale, float shift) {
  switch (MASK) {
    case Mask::FromInput:
      return zeroUnless(normalised(toFloat(x), mean, scale, shift) > 0, dy);
    case Mask::FromOutput:
      return zeroUnless(toFloat(y) > 0, dy);
    default:
      return dy;
  }
}

// Adds up dz and dz * (x - mean) of each column; writes dz where it is the residual's gradient.
template <int ROWS, Mask MASK, class X, class D>
void addGradients(const D* __restrict dy, const X* __restrict x, const X* __restrict y,
                  D* __restrict dz, int64_t stride, int64_t columns, const float* __restrict mean,
                  const float* __restrict scale, const float* __restrict shift,
                  float* __restrict sums, float* __restrict products) {
  for (int64_t c = 0; c < columns; c++) {
    float sum = sums[c], product = products[c];
#pragma GCC unroll 8
    for (int64_t i = 0; i < ROWS; i++) {
      const int64_t at = i * stride + c;
      const X output = MASK == Mask::FromOutput ? y[at] : X{};
      const D gradient = masked<MASK>(dy[at], x[at], output, mean[c], scale[c], shift[c]);
      if (MASK == Mask::FromOutput) dz[at] = gradient;
      sum += toFloat(gradient);
      product += toFloat(gradient) * (toFloat(x[at]) - mean[c]);
    }
    sums[c] = sum;
    products[c] = product;
  }
}

// Both sums of each column in one part of the grid.
template <Mask MASK, class X, class D>
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
      addGradients<block(), MASK>(dy + at, x + at, MASK == Mask::FromOutput ? y + at : nullptr,
                                  MASK == Mask::FromOutput ? dz + at : nullptr, grid.width, count,
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

template <int ROWS, Mask MASK, class X, class D>
void writeBlock(const D* __restrict dy, const X* __restrict x, D* __restrict dx, int64_t stride,
                int64_t columns, const float* __restrict mean, const float* __restrict scale,
                const float* __restrict shift, const float* __restrict slope,
                const float* __restrict constant) {
  for (int64_t c = 0; c < columns; c++) {
#pragma GCC unroll 8
    for (int64_t i = 0; i < ROWS; i++) {
      const int64_t at = i * stride + c;
      const D gradient = masked<MASK>(dy[at], x[at], X{}, mean[c], scale[c], shift[c]);
      const float own = toFloat(gradient) - constant[c] - (toFloat(x[at]) - mean[c]) * slope[c];
      dx[at] = fromFloat<D>(own * scale[c]);
    }
  }
}

// dx in one part of the grid.
template <Mask MASK, class X, class D>
void write(const D* dy, const X* x, D* dx, const Grid& grid, int part, const Columns& scratch) {
  const Range columns = grid.columnsOf(part);
  inBlocksFromEnd(grid.rowsOf(part), [&](int64_t row, auto block) {
    const int64_t at = row * grid.width + columns.begin;
    writeBlock<block(), MASK>(
        dy + at, x + at, dx + at, grid.width, columns.size(),
        scratch.coefficient(kMean) + columns.begin, scratch.coefficient(kScale) + columns.begin,
        scratch.coefficient(kShift) + columns.begin, scratch.coefficient(kSlope) + columns.begin,
        scratch.coefficient(kConstant) + columns.begin);
  });
}

template <Mask MASK, class X, class D>
void gradient(const Call& call, const BatchNormGradParams& p) {
  constexpr bool kResidual = MASK == Mask::FromOutput;
  // The residual's gradient is what the ReLU passes on; the second pass reads it instead of dy.
  constexpr Mask kLastMask = kResidual ? Mask::None : MASK;
  const D* dy = valuesOf<D>(call.inputs[0]);
  const X* x = valuesOf<X>(call.inputs[1]);
  const float* gamma = valuesOf<float>(call.inputs[2]);
  const float* beta = valuesOf<float>(call.inputs[3]);
  const float* mean = valuesOf<float>(call.inputs[4]);
  const float* inverseDeviation = valuesOf<float>(call.inputs[5]);
  const X* y = kResidual ? valuesOf<X>(call.inputs[6]) : nullptr;
  D* dx = valuesOf<D>(call.outputs[0]);
  D* dz = kResidual ? valuesOf<D>(call.outputs[3]) : nullptr;
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
      [&](int part) { accumulate<MASK>(dy, x, y, dz, grid, part, scratch); },
      [&](int part) {
        const Range channels = grid.channelsOf(part);
        addColumns(grid, channels, scratch);
        finishSums(call, p, channels, scratch);
        scratch.spread(grid, channels, kSlope, kConstant);
      },
      [&](int part) { write<kLastMask>(kResidual ? dz : dy, x, dx, grid, part, scratch); });
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
      if (residual) {
        gradient<Mask::FromOutput, X, D>(call, params);
      } else if (activation == Activation::Relu) {
        gradient<Mask::FromInput, X, D>(call, params);
      } else {
        gradient<Mask::None, X, D>(call, params);
      }
      return true;
    });
  });
}

}  // namespace cnn
