// Matrix products by the kernel of the CPU.
#include "cuda/matmul.h"

#include <algorithm>

#include "cpu_kernel.h"

namespace cnn::cuda {

void multiply(Context& context, const MatMulParams& p, ProductTypes types, const void* a,
              const void* b, const float* bias, void* c) {
  const int64_t batch = std::max(p.batchA, p.batchB);
  emulated::runOnCpu(context, {"BatchMatMul",
                               emulated::wordsOf(p),
                               {{a, types.values, int64_t{p.batchA} * p.m * p.k},
                                {b, types.values, int64_t{p.batchB} * p.k * p.n},
                                {bias, DType::Float32, p.n}},
                               types.tf32,
                               {c, types.result, batch * p.m * p.n}});
}

}  // namespace cnn::cuda
