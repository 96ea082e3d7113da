// Products of one row, or a few, with a matrix that is read once: the dense layers of single
// images, which are bound by memory.
#include "common/vector_math.h"
#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

constexpr int kMaxRows = 4;
constexpr int64_t kColumns = 1024;   // of a block, whose sums stay in the first cache
constexpr int64_t kTogether = 4;     // rows of the matrix that share a load of the sums
constexpr int64_t kGrain = 1 << 16;  // values of the matrix that are worth a thread

// sums[column] += the products of kTogether rows of the matrix, `n` columns apart.
void addRows(const float* factors, const float* __restrict matrix, int64_t n, int64_t columns,
             float* __restrict sums) {
  const float* __restrict row1 = matrix + n;
  const float* __restrict row2 = matrix + 2 * n;
  const float* __restrict row3 = matrix + 3 * n;
  const float a = factors[0], b = factors[1], c = factors[2], d = factors[3];
  for (int64_t i = 0; i < columns; i++) {
    sums[i] += (a * matrix[i] + b * row1[i]) + (c * row2[i] + d * row3[i]);
  }
}

void addRow(float factor, const float* __restrict matrix, int64_t columns, float* __restrict sums) {
  for (int64_t i = 0; i < columns; i++) sums[i] += factor * matrix[i];
}

// The sums of all rows over the rows [begin, end) of the matrix.
void multiplyPart(const float* left, const float* matrix, const MatMulParams& p, int64_t begin,
                  int64_t end, float* sums) {
  const int64_t n = p.n;
  for (int64_t i = 0; i < p.m * n; i++) sums[i] = 0;
  int64_t k = begin;
  for (; k + kTogether <= end; k += kTogether) {
    for (int64_t column = 0; column < n; column += kColumns) {
      const int64_t columns = n - column < kColumns ? n - column : kColumns;
      for (int64_t row = 0; row < p.m; row++) {
        addRows(left + row * p.k + k, matrix + k * n + column, n, columns, sums + row * n + column);
      }
    }
  }
  for (; k < end; k++) {
    for (int64_t row = 0; row < p.m; row++) {
      addRow(left[row * p.k + k], matrix + k * n, n, sums + row * n);
    }
  }
}

float finished(float sum, Activation activation) {
  if (activation == Activation::Relu) return relu(sum);
  return activation == Activation::Tanh ? tanhOf(sum) : sum;
}

bool takes(const Call& call, const MatMulParams& p) {
  if (p.m > kMaxRows || p.batchA != 1 || p.batchB != 1 || p.transposeA != 0 || p.transposeB != 0) {
    return false;
  }
  for (const Tensor& input : call.inputs) {
    if (input.exists() && input.dtype != DType::Float32) return false;
  }
  return call.outputs[0].dtype == DType::Float32;
}

}  // namespace

// inputs: a, b, optional bias (n)
CNN_CANDIDATE(BatchMatMul, MatMulParams, 1, rows) {
  if (!takes(call, params)) return false;
  const int64_t sums = int64_t{params.m} * params.n;
  // Each part adds up rows of its own, which it reads one after the other.
  const int parts = partsFor(params.k, kGrain / params.n + 1);
  PartScratch<float> scratch(call.context, parts, sums);
  if (call.context.measuring) return true;
  const float* left = valuesOf<float>(call.inputs[0]);
  const float* matrix = valuesOf<float>(call.inputs[1]);
  parallelParts(parts, params.k, [&](int part, int64_t begin, int64_t end) {
    multiplyPart(left, matrix, params, begin, end, scratch.of(part));
  });
  const bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  const float* bias = hasBias ? valuesOf<float>(call.inputs[2]) : nullptr;
  const Activation activation = static_cast<Activation>(params.activation);
  float* out = valuesOf<float>(call.outputs[0]);
  for (int64_t i = 0; i < sums; i++) {
    float sum = bias != nullptr ? bias[i % params.n] : 0;
    for (int part = 0; part < parts; part++) sum += scratch.of(part)[i];
    out[i] = finished(sum, activation);
  }
  return true;
}

}  // namespace cnn
