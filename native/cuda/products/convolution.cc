#include "cuda/convolution.h"

#include "cuda/gpu.h"
#include "operands.h"

namespace cnn {
namespace {

using namespace cuda;

const float* biasOf(const Call& call, Tensor* keep) {
  if (call.inputs.size() < 3 || !call.inputs[2].exists()) return nullptr;
  return static_cast<const float*>(converted(call.context, call.inputs[2], DType::Float32, keep));
}

}  // namespace

// inputs: x, filter, optional bias (float32)
CNN_CUDA_KERNEL(FusedConv2D, ConvParams) {
  Context& context = call.context;
  const Tensor& x = call.inputs[0];
  const Tensor& output = call.outputs[0];
  ProductTypes types{x.dtype, output.dtype, context.gpu->tf32};
  // cuDNN reads and writes one type, but for a product; bfloat16 is exact in TF32.
  if (types.values == DType::BFloat16 && types.result == DType::Float32 && !isPointwise(params)) {
    types = {DType::Float32, DType::Float32, true};
  }
  if (types.values == DType::Float32) types.result = DType::Float32;
  Tensor keepX, keepBias;
  const Result result(context, output, types.result);
  convolve(context, params, types, converted(context, x, types.values, &keepX),
           packedFilter(context, call.inputs[1], params, types.values), biasOf(call, &keepBias),
           result.raw());
  result.finish();
  return true;
}

// inputs: dy, filter
CNN_CUDA_KERNEL(Conv2DBackpropInput, ConvParams) {
  Context& context = call.context;
  const Tensor& dy = call.inputs[0];
  const Result result(context, call.outputs[0], dy.dtype);
  convolveInputGrad(context, params, {dy.dtype, dy.dtype, context.gpu->tf32}, dy.raw(),
                    packedFilter(context, call.inputs[1], params, dy.dtype), result.raw());
  result.finish();
  return true;
}

// inputs: x, dy; output: float32 (kh, kw, inC / groups, outC)
CNN_CUDA_KERNEL(Conv2DBackpropFilter, ConvParams) {
  Context& context = call.context;
  const Tensor& x = call.inputs[0];
  const Tensor& dy = call.inputs[1];
  const DType type = x.dtype == dy.dtype ? x.dtype : DType::Float32;
  Tensor keepX, keepDy;
  convolveFilterGrad(context, params, {type, DType::Float32, context.gpu->tf32},
                     converted(context, x, type, &keepX), converted(context, dy, type, &keepDy),
                     call.outputs[0].data<float>());
  return true;
}

}  // namespace cnn
