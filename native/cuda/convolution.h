// Convolutions on the device: by cuDNN and cuBLASLt on a GPU, by the kernels of the CPU in the
// emulated build. All calls are enqueued on the context's stream.
//
// Images are NHWC. Filters are KRSC, that is (outChannels, filterHeight, filterWidth,
// inChannels / groups), in the type of the values. `padTop` and `padLeft` come before an image; the
// sizes of the result say how much follows it. The workspace is context.scratchMemory().
#pragma once
#include "../common/single_pixels.h"
#include "../params.h"
#include "product_types.h"

namespace cnn {
struct Context;
}

namespace cnn::cuda {

// y = activation(x * filter + bias); `bias` (outChannels in Float32) may be null.
void convolve(Context& context, const ConvParams& params, ProductTypes types, const void* x,
              const void* filter, const float* bias, void* y);

// dx, of the type `types.result`.
void convolveInputGrad(Context& context, const ConvParams& params, ProductTypes types,
                       const void* dy, const void* filter, void* dx);

// The gradient of the filter in float32 and in the order of the filter's master copy,
// (filterHeight, filterWidth, inChannels / groups, outChannels).
void convolveFilterGrad(Context& context, const ConvParams& params, ProductTypes types,
                        const void* x, const void* dy, float* filterGrad);

}  // namespace cnn::cuda
