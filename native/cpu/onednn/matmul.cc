// Matrix products by oneDNN, with bias and activation. Operands are used in place; strides describe
// a transposed one.
#include "common/single_pixels.h"
#include "primitive.h"

namespace cnn {
namespace {

using dnnl::memory;

Desc operandDesc(DType type, int64_t batch, int64_t rows, int64_t columns, bool transposed) {
  memory::dims strides =
      transposed ? memory::dims{rows * columns, 1, rows} : memory::dims{rows * columns, columns, 1};
  return Desc({batch, rows, columns}, onednnType(type), strides);
}

Prepared prepareMatmul(const Call& call, const MatMulParams& p, DType type, DType outType,
                       bool hasBias) {
  int64_t batch = std::max(p.batchA, p.batchB);
  Desc a = operandDesc(type, p.batchA, p.m, p.k, p.transposeA != 0);
  Desc b = operandDesc(type, p.batchB, p.k, p.n, p.transposeB != 0);
  Desc out = operandDesc(outType, batch, p.m, p.n, false);
  Desc bias({1, 1, p.n}, memory::data_type::f32, memory::format_tag::abc);
  auto attributes = attributesFor(static_cast<Activation>(p.activation));
  auto desc = hasBias ? describePrimitive<dnnl::matmul>(attributes, a, b, bias, out)
                      : describePrimitive<dnnl::matmul>(attributes, a, b, out);
  Prepared result;
  result.accept(call, desc.impl_info_str());
  if (!call.context.measuring) result.primitive = dnnl::matmul(desc);
  result.add(DNNL_ARG_SRC, a);
  result.add(DNNL_ARG_WEIGHTS, b);
  if (hasBias) result.add(DNNL_ARG_BIAS, bias);
  result.add(DNNL_ARG_DST, out);
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return result;
}

// A weight keeps a bfloat16 copy until it changes; other operands are converted for this call
// alone.
void* operand(Context& context, const Tensor& values, DType type, Tensor* keep) {
  if (values.dtype == type) return values.raw();
  if (values.dtype != DType::Float32) return converted(context, values, type, keep);
  Storage& storage = *values.storage;
  if (!storage.narrow) {
    size_t bytes = bytesOf(DType::BFloat16) * static_cast<size_t>(values.size);
    storage.narrow = std::make_unique<PoolBlock>(&context.pool, bytes);
  }
  if (storage.narrowVersion != storage.version) {
    convert(context, values.raw(), values.dtype, storage.narrow->data(), type, values.size);
    storage.narrowVersion = storage.version;
  }
  return storage.narrow->data();
}

bool multiply(const Call& call, MatMulParams params, DType type) {
  Context& context = call.context;
  const bool narrow =
      call.inputs[0].dtype == DType::BFloat16 || call.inputs[1].dtype == DType::BFloat16;
  if (!computesIn(call, type, narrow ? DType::BFloat16 : DType::Float32)) return false;
  // The result is small beside the factors: a pass of its own costs nothing.
  bool relu = static_cast<Activation>(params.activation) == Activation::Relu;
  if (relu) params.activation = static_cast<int32_t>(Activation::Linear);
  const Tensor& a = call.inputs[0];
  const Tensor& b = call.inputs[1];
  bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  const Tensor& output = call.outputs[0];
  bool direct = output.dtype == DType::Float32 || output.dtype == type;
  DType outType = direct ? output.dtype : DType::Float32;
  std::string variant = std::string(nameOf(type)) + nameOf(outType) + (hasBias ? "+bias" : "");
  Prepared& product = prepared<Prepared>(call, variant, &params, sizeof(params), [&] {
    return prepareMatmul(call, params, type, outType, hasBias);
  });
  Tensor keepA, keepB, keepBias, wide;
  if (!direct) wide = Tensor::create(&context.pool, outType, output.size);
  void* bias = hasBias ? converted(context, call.inputs[2], DType::Float32, &keepBias) : nullptr;
  product.execute(context, {{DNNL_ARG_SRC, operand(context, a, type, &keepA)},
                            {DNNL_ARG_WEIGHTS, operand(context, b, type, &keepB)},
                            {DNNL_ARG_BIAS, bias},
                            {DNNL_ARG_DST, direct ? output.raw() : wide.raw()}});
  if (relu) applyRelu(context, direct ? output.raw() : wide.raw(), outType, output.size);
  if (!direct) {
    convert(context, wide.raw(), outType, output.raw(), output.dtype, output.size);
  }
  return true;
}

// A 1×1 convolution is a product over all pixels: forward x · w, of the input's gradient dy · wᵀ,
// of the filter's xᵀ · dy. The fixed table has the last one alone, which was 1.4 to 8 times as fast
// as oneDNN's convolution on AMX.
bool convolve(const Call& call, const ConvParams& p, DType type) {
  if (call.outputs.empty() || !call.chosen || !isPointwise(p) || p.groups > 1) return false;
  return multiply(
      call,
      {1, 1, p.batch * p.outHeight * p.outWidth, p.inChannels, p.outChannels, 0, 0, p.activation},
      type);
}

bool inputGrad(const Call& call, const ConvParams& p, DType type) {
  if (!call.chosen || !isPointwise(p) || p.groups > 1) return false;
  return multiply(call,
                  {1, 1, p.batch * p.outHeight * p.outWidth, p.outChannels, p.inChannels, 0, 1,
                   static_cast<int32_t>(Activation::Linear)},
                  type);
}

bool filterGrad(const Call& call, const ConvParams& p, DType type) {
  if (!isPointwise(p)) return false;
  return multiply(call,
                  {1, 1, p.inChannels, p.batch * p.inHeight * p.inWidth, p.outChannels, 1, 0,
                   static_cast<int32_t>(Activation::Linear)},
                  type);
}

}  // namespace

// inputs: a, b, optional bias (n) in float32
CNN_CANDIDATE(BatchMatMul, MatMulParams, 0, onednn) {
  return multiply(call, params, DType::Float32);
}
CNN_CANDIDATE(BatchMatMul, MatMulParams, 0, onednn_bf16) {
  return multiply(call, params, DType::BFloat16);
}

// Inputs and outputs as in convolution.cc.
CNN_CANDIDATE(FusedConv2D, ConvParams, 1, matmul) { return convolve(call, params, DType::Float32); }
CNN_CANDIDATE(FusedConv2D, ConvParams, 1, matmul_bf16) {
  return convolve(call, params, DType::BFloat16);
}
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, 1, matmul) {
  return inputGrad(call, params, DType::Float32);
}
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, 1, matmul_bf16) {
  return inputGrad(call, params, DType::BFloat16);
}
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, 1, matmul) {
  return filterGrad(call, params, DType::Float32);
}
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, 1, matmul_bf16) {
  return filterGrad(call, params, DType::BFloat16);
}

}  // namespace cnn
