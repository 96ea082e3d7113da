// Matrix products by the kernel of the CPU.
#include "cuda/matmul.h"

#include <algorithm>

#include "cpu_kernel.h"
#include "cuda/products/copies.h"

namespace cnn::cuda {

void multiply(Context& context, const MatMulParams& p, ProductTypes types, const void* a,
              const void* b, const float* bias, void* c) {
  const int64_t rows = int64_t{std::max(p.batchA, p.batchB)} * p.m;
  // cuBLASLt adds no bias to bfloat16 and knows no activation.
  const float* added = types.result == DType::Float32 ? bias : nullptr;
  MatMulParams product = p;
  product.activation = static_cast<int32_t>(Activation::Linear);
  emulated::runOnCpu(context, {"BatchMatMul",
                               emulated::wordsOf(product),
                               {{a, types.values, int64_t{p.batchA} * p.m * p.k},
                                {b, types.values, int64_t{p.batchB} * p.k * p.n},
                                {added, DType::Float32, p.n}},
                               types.tf32,
                               {c, types.result, rows * p.n}});
  const auto activation = static_cast<Activation>(p.activation);
  const float* missing = added == nullptr ? bias : nullptr;
  if (missing == nullptr && activation == Activation::Linear) return;
  biasActivation(context, c, types.result, missing, rows, p.n, activation);
}

}  // namespace cnn::cuda
