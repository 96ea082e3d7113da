// Convolutions by the kernels of the CPU. Filters come in the order of cuDNN and go to theirs.
#include "cuda/convolution.h"

#include "cpu_kernel.h"
#include "cuda/products/copies.h"

namespace cnn::cuda {
namespace {

using emulated::runOnCpu;
using emulated::Values;

Values imagesIn(const ConvParams& p, const void* raw, DType type) {
  return {raw, type, int64_t{p.batch} * p.inHeight * p.inWidth * p.inChannels};
}
Values imagesOut(const ConvParams& p, const void* raw, DType type) {
  return {raw, type, int64_t{p.batch} * p.outHeight * p.outWidth * p.outChannels};
}

// The weights of one output channel.
int64_t tapsOf(const ConvParams& p) {
  return int64_t{p.filterHeight} * p.filterWidth * (p.inChannels / p.groups);
}

// A filter in the order of the CPU's kernels.
class CpuFilter {
 public:
  CpuFilter(Context& context, const ConvParams& p, const void* filter, DType type)
      : block_(&context.pool, bytesOf(type) * static_cast<size_t>(tapsOf(p) * p.outChannels)),
        values_{block_.data(), type, tapsOf(p) * p.outChannels} {
    transpose(context, filter, type, block_.data(), type, p.outChannels, tapsOf(p));
  }
  const Values& values() const { return values_; }

 private:
  PoolBlock block_;
  Values values_;
};

}  // namespace

// bfloat16 with at most ReLU is one kernel of cuDNN; otherwise bias and activation are ours.
void convolve(Context& context, const ConvParams& p, ProductTypes types, const void* x,
              const void* filter, const float* bias, void* y) {
  const CpuFilter turned(context, p, filter, types.values);
  const auto activation = static_cast<Activation>(p.activation);
  const bool fused = types.result == DType::BFloat16 && activation != Activation::Tanh;
  ConvParams plain = p;
  if (!fused) plain.activation = static_cast<int32_t>(Activation::Linear);
  runOnCpu(context, {"FusedConv2D",
                     emulated::wordsOf(plain),
                     {imagesIn(p, x, types.values),
                      turned.values(),
                      {fused ? bias : nullptr, DType::Float32, p.outChannels}},
                     types.tf32,
                     imagesOut(p, y, types.result)});
  if (fused || (bias == nullptr && activation == Activation::Linear)) return;
  const int64_t pixels = int64_t{p.batch} * p.outHeight * p.outWidth;
  biasActivation(context, y, types.result, bias, pixels, p.outChannels, activation);
}

void convolveInputGrad(Context& context, const ConvParams& p, ProductTypes types, const void* dy,
                       const void* filter, void* dx) {
  const CpuFilter turned(context, p, filter, types.values);
  runOnCpu(context, {"Conv2DBackpropInput",
                     emulated::wordsOf(p),
                     {imagesOut(p, dy, types.values), turned.values()},
                     types.tf32,
                     imagesIn(p, dx, types.result)});
}

// cuDNN writes the gradient in the type of the values; a product writes float32.
void convolveFilterGrad(Context& context, const ConvParams& p, ProductTypes types, const void* x,
                        const void* dy, float* filterGrad) {
  const int64_t size = tapsOf(p) * p.outChannels;
  const DType written = isPointwise(p) ? DType::Float32 : types.values;
  const PoolBlock block(&context.pool, bytesOf(written) * static_cast<size_t>(size));
  runOnCpu(context, {"Conv2DBackpropFilter",
                     emulated::wordsOf(p),
                     {imagesIn(p, x, types.values), imagesOut(p, dy, types.values)},
                     types.tf32,
                     {block.data(), written, size}});
  convert(context, block.data(), written, filterGrad, DType::Float32, size);
}

}  // namespace cnn::cuda
