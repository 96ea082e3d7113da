// The gradient of batch normalisation (Ioffe & Szegedy 2015, section 3) through the addition and
// the ReLU that follow it. x and dy are read twice and dx is written once: what the ReLU let
// through is computed again from x, and read from y only where a residual was added.
#include <cmath>

#include "channel_columns.h"

namespace cnn {
namespace {

// dy of one row passed back through a ReLU whose output y is known.
template <class X, class D>
void maskRow(const D* __restrict dy, const X* __restrict y, D* __restrict dz, int64_t columns) {
  for (int64_t c = 0; c < columns; c++) dz[c] = zeroUnless(passesRelu(toFloat(y[c])), dy[c]);
}

// Adds dz and dz * (x - mean) of some rows to the sums of each column. dz is dy, or with RELU what
// the ReLU passes on.
template <int ROWS, bool RELU, class X, class D>
void addGradients(const D* __restrict dy, int64_t dyStride, const X* __restrict x, int64_t xStride,
                  int64_t columns, const float* __restrict mean, const float* __restrict scale,
                  const float* __restrict shift, float* __restrict sums,
                  float* __restrict products) {
  for (int64_t c = 0; c < columns; c++) {
    float sum = sums[c], product = products[c];
#pragma GCC unroll 8
    for (int64_t i = 0; i < ROWS; i++) {
      const float value = toFloat(x[i * xStride + c]);
      const bool passes = !RELU || passesRelu(normalised(value, mean[c], scale[c], shift[c]));
      const float gradient = zeroUnless(passes, toFloat(dy[i * dyStride + c]));
      sum += gradient;
      product += gradient * (value - mean[c]);
    }
    sums[c] = sum;
    products[c] = product;
  }
}

// The operands of one call. Rows of x are xStride apart and those of dx dxStride; all others
// are contiguous.
template <class X, class D, class G>
struct Operands {
  const D* dy;
  const X* x;
  int64_t xStride;
  G* dx;  // nullptr: not wanted
  int64_t dxStride;
  const X* y = nullptr;  // after an addition and a ReLU; dz is the gradient of the sum
  D* dz = nullptr;
};

// Both sums of each column in one part of the grid. Where y is given, dz is written.
template <bool RELU, class X, class D, class G>
void accumulate(const Operands<X, D, G>& of, const Grid& grid, int part, const Columns& scratch) {
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
      for (int64_t i = 0; of.y != nullptr && i < block(); i++) {
        const int64_t place = at + i * grid.width;
        maskRow(of.dy + place, of.y + place, of.dz + place, count);
      }
      addGradients<block(), RELU>((of.y == nullptr ? of.dy : of.dz) + at, grid.width,
                                  of.x + in * of.xStride + columns.begin, of.xStride, count,
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
void finishSums(const Tensor& dGamma, const Tensor& dBeta, int64_t rows, bool frozen,
                Range channels, const Columns& scratch) {
  const double each = 1 / static_cast<double>(rows);
  float* slope = scratch.coefficient(kSlope);  // so far 1 / deviation
  for (int64_t c = channels.begin; c < channels.end; c++) {
    const double inverse = slope[c];
    const double sum = scratch.total(0, 0)[c], product = scratch.total(0, 1)[c] * inverse;
    valuesOf<float>(dGamma)[c] = static_cast<float>(product);
    valuesOf<float>(dBeta)[c] = static_cast<float>(sum);
    // A choice, not a product with 0, which would make NaN of all where one gradient is NaN.
    slope[c] = frozen ? 0 : static_cast<float>(inverse * product * each);
    scratch.coefficient(kConstant)[c] = frozen ? 0 : static_cast<float>(sum * each);
  }
}

// With ADD dx is added to what `dx` holds.
template <bool RELU, bool ADD, class X, class D>
void writeRow(const D* __restrict dy, const X* __restrict x, float* __restrict dx, int64_t columns,
              const float* __restrict mean, const float* __restrict scale,
              const float* __restrict shift, const float* __restrict slope,
              const float* __restrict constant) {
  for (int64_t c = 0; c < columns; c++) {
    const float value = toFloat(x[c]);
    const bool passes = !RELU || passesRelu(normalised(value, mean[c], scale[c], shift[c]));
    const float gradient = zeroUnless(passes, toFloat(dy[c]));
    const float result = (gradient - constant[c] - (value - mean[c]) * slope[c]) * scale[c];
    dx[c] = ADD ? dx[c] + result : result;
  }
}

// Widens a row to floats. A float row needs nothing: storeRow's buffer is then the row itself.
inline void loadRow(const float*, float*, int64_t) {}
inline void loadRow(const bf16* __restrict row, float* __restrict values, int64_t count) {
  for (int64_t i = 0; i < count; i++) values[i] = toFloat(row[i]);
}

// dx in one part of the grid.
template <bool RELU, bool ADD, class X, class D, class G>
void write(const Operands<X, D, G>& of, const Grid& grid, int part, const Columns& scratch) {
  const Range rows = grid.rowsOf(part), columns = grid.columnsOf(part);
  const float* coefficients[5];
  for (int i = 0; i < 5; i++) coefficients[i] = scratch.coefficient(i) + columns.begin;
  const D* dz = of.y == nullptr ? of.dy : of.dz;
  inChunksFromEnd(rows, [&](int64_t row) {
    const D* dzRow = dz + row * grid.width + columns.begin;
    const X* xRow = of.x + row * of.xStride + columns.begin;
    G* dxRow = of.dx + row * of.dxStride + columns.begin;
    storeRow(dxRow, columns.size(), [&](float* values, int64_t c, int64_t count) {
      if (ADD) loadRow(dxRow + c, values, count);
      writeRow<RELU, ADD>(dzRow + c, xRow + c, values, count, coefficients[kMean] + c,
                          coefficients[kScale] + c, coefficients[kShift] + c,
                          coefficients[kSlope] + c, coefficients[kConstant] + c);
    });
  });
}

// RELU: what the ReLU passes on is computed from x; not so where y is known. Inputs 2 to 4 are
// gamma, beta and mean; inverse(c) is 1 / the deviation.
template <bool RELU, bool ADD, class X, class D, class G, class Inverse>
void gradient(const Call& call, const Operands<X, D, G>& of, const Grid& grid, const Tensor& dGamma,
              const Tensor& dBeta, int64_t rows, bool frozen, const Inverse& inverse) {
  const float* gamma = valuesOf<float>(call.inputs[2]);
  const float* beta = valuesOf<float>(call.inputs[3]);
  const float* mean = valuesOf<float>(call.inputs[4]);
  const Columns scratch(call, grid);
  parallelPhases(
      grid.parts,
      [&](int part) {
        const Range channels = grid.channelsOf(part);
        for (int64_t c = channels.begin; c < channels.end; c++) {
          const float inverseDeviation = inverse(c);
          scratch.coefficient(kMean)[c] = mean[c];
          scratch.coefficient(kScale)[c] = gamma[c] * inverseDeviation;
          scratch.coefficient(kShift)[c] = beta[c];
          scratch.coefficient(kSlope)[c] = inverseDeviation;
        }
        scratch.spread(grid, channels, kMean, kShift);
      },
      [&](int part) { accumulate<RELU>(of, grid, part, scratch); },
      [&](int part) {
        const Range channels = grid.channelsOf(part);
        addColumns(grid, channels, scratch);
        finishSums(dGamma, dBeta, rows, frozen, channels, scratch);
        scratch.spread(grid, channels, kSlope, kConstant);
      },
      [&](int part) {
        if (of.dx != nullptr) write<RELU, ADD>(of, grid, part, scratch);
      });
}

template <bool RELU, class X, class D>
void wholeGradient(const Call& call, const BatchNormGradParams& p) {
  const bool residual = call.outputs.size() == 4;
  const Grid grid(p.rows, p.channels);
  const Operands<X, D, D> operands{valuesOf<D>(call.inputs[0]),
                                   valuesOf<X>(call.inputs[1]),
                                   grid.width,
                                   valuesOf<D>(call.outputs[0]),
                                   grid.width,
                                   residual ? valuesOf<X>(call.inputs[6]) : nullptr,
                                   residual ? valuesOf<D>(call.outputs[3]) : nullptr};
  const float* inverse = valuesOf<float>(call.inputs[5]);
  gradient<RELU, false>(call, operands, grid, call.outputs[1], call.outputs[2], p.rows,
                        p.frozen != 0, [&](int64_t c) { return inverse[c]; });
}

template <bool RELU, class X, class D>
void sliceGradient(const Call& call, const BatchNormSliceGradParams& p) {
  const Grid grid(p.rows, p.channels, p.stride == p.channels);
  const bool whole = call.outputs.size() == 3;
  const Tensor& dx = whole ? call.outputs[2] : call.inputs[6];
  const int64_t stride = grid.strideOf(p.stride);
  const Operands<X, D, X> operands{valuesOf<D>(call.inputs[1]), valuesOf<X>(call.inputs[0]), stride,
                                   valuesOf<X>(dx), stride};
  const float* variance = valuesOf<float>(call.inputs[5]);
  const auto inverse = [&](int64_t c) {
    return static_cast<float>(
        1 / std::sqrt(static_cast<double>(variance[c]) + static_cast<double>(p.epsilon)));
  };
  const auto run = [&](auto add) {
    gradient<RELU, add()>(call, operands, grid, call.outputs[0], call.outputs[1], p.rows,
                          p.frozen != 0, inverse);
  };
  whole ? run(std::false_type{}) : run(std::true_type{});
}

}  // namespace

// Inputs dy, x, gamma, beta, mean, inverse deviation and, for the ReLU after an addition, y;
// outputs dx, dGamma, dBeta and, with y, the gradient of the residual.
CNN_KERNEL(BatchNormGrad, BatchNormGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  const bool residual = call.outputs.size() == 4;
  return withFloatType(call.inputs[1].dtype, [&](auto x) {
    using X = decltype(x);
    return withFloatType(call.inputs[0].dtype, [&](auto dy) {
      using D = decltype(dy);
      if (activation == Activation::Relu && !residual) {
        wholeGradient<true, X, D>(call, params);
      } else {
        wholeGradient<false, X, D>(call, params);
      }
      return true;
    });
  });
}

// Inputs x, dy, gamma, beta, mean, variance and, to have dx added to it, the gradient of all
// channels; outputs dGamma, dBeta and dx, when x has every channel and nothing has been accumulated
// yet. x and dx are the first `channels` of rows of `stride` channels; mean and variance have at
// least as many.
CNN_KERNEL(BatchNormSliceGrad, BatchNormSliceGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  const Tensor& x = call.inputs[0];
  const Tensor& dx = call.outputs.size() == 3 ? call.outputs[2] : call.inputs[6];
  if (dx.exists()) dx.storage->version++;
  return withFloatType(x.dtype, [&](auto xValue) {
    using X = decltype(xValue);
    return withFloatType(call.inputs[1].dtype, [&](auto dy) {
      using D = decltype(dy);
      if (activation == Activation::Relu) {
        sliceGradient<true, X, D>(call, params);
      } else {
        sliceGradient<false, X, D>(call, params);
      }
      return true;
    });
  });
}

}  // namespace cnn
