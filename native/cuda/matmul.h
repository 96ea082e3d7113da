// Matrix products on the device: by cuBLASLt on a GPU, by the kernels of the CPU in the emulated
// build. Calls are enqueued on the context's stream; the workspace is context.scratchMemory().
#pragma once
#include "../params.h"
#include "product_types.h"

namespace cnn {
struct Context;
}

namespace cnn::cuda {

// c = activation(a · b + bias), row-major, as MatMulParams say; `bias` (n in Float32) may be null.
void multiply(Context& context, const MatMulParams& params, ProductTypes types, const void* a,
              const void* b, const float* bias, void* c);

}  // namespace cnn::cuda
