#include "cuda/matmul.h"

#include "cuda/gpu.h"
#include "operands.h"

namespace cnn {

using namespace cuda;

// inputs: a, b, optional bias (n) in float32
CNN_CUDA_KERNEL(BatchMatMul, MatMulParams) {
  Context& context = call.context;
  const Tensor& a = call.inputs[0];
  const Tensor& b = call.inputs[1];
  const Tensor& output = call.outputs[0];
  const bool narrow = a.dtype == DType::BFloat16 || b.dtype == DType::BFloat16;
  const DType type = narrow ? DType::BFloat16 : DType::Float32;
  const DType resultType = narrow ? output.dtype : DType::Float32;
  Tensor keepA, keepB, keepBias;
  const void* bias = nullptr;
  if (call.inputs.size() > 2 && call.inputs[2].exists()) {
    bias = converted(context, call.inputs[2], DType::Float32, &keepBias);
  }
  const Result result(context, output, resultType);
  multiply(context, params, {type, resultType, context.gpu->tf32}, factor(context, a, type, &keepA),
           factor(context, b, type, &keepB), static_cast<const float*>(bias), result.raw());
  result.finish();
  return true;
}

}  // namespace cnn
