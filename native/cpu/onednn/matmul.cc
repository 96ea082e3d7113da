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
  auto description = hasBias ? dnnl::matmul::desc(a, b, bias, out) : dnnl::matmul::desc(a, b, out);
  dnnl::matmul::primitive_desc desc(
      description, attributesFor(static_cast<Activation>(p.activation)), cpuEngine());
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

bool multiply(const Call& call, MatMulParams params) {
  Context& context = call.context;
  // The result is small beside the factors: a pass of its own costs nothing.
  bool relu = static_cast<Activation>(params.activation) == Activation::Relu;
  if (relu) params.activation = static_cast<int32_t>(Activation::Linear);
  const Tensor& a = call.inputs[0];
  const Tensor& b = call.inputs[1];
  bool hasBias = call.inputs.size() > 2 && call.inputs[2].exists();
  bool narrow = a.dtype == DType::BFloat16 || b.dtype == DType::BFloat16;
  DType type = computeType(narrow ? DType::BFloat16 : DType::Float32);
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

}  // namespace

// inputs: a, b, optional bias (n) in float32
CNN_MEASURED_KERNEL(BatchMatMul, MatMulParams, 0) { return multiply(call, params); }

// inputs: x, dy; output: float32 (1, 1, inC, outC). A 1×1 filter's gradient is one product, xᵀ · dy
// over all pixels, 1.4 to 8 times as fast as oneDNN's convolution on AMX.
CNN_MEASURED_KERNEL(Conv2DBackpropFilter, ConvParams, 1) {
  const ConvParams& p = params;
  if (!isPointwise(p)) return false;
  return multiply(call, {1, 1, p.inChannels, p.batch * p.inHeight * p.inWidth, p.outChannels, 1, 0,
                         static_cast<int32_t>(Activation::Linear)});
}

}  // namespace cnn
