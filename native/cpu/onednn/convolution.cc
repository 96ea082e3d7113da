// Convolutions by oneDNN: forward with bias and activation, and both gradients. Activations are
// NHWC, the only layout in which oneDNN uses AMX; weights are packed into the layout it asks for.
#include <algorithm>
#include <cstring>

#include "primitive.h"

namespace cnn {
namespace {

using dnnl::memory;
using Dims = memory::dims;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;

// The padding after the last row or column that makes oneDNN's output size formula hold.
int64_t padAfter(int64_t out, int64_t stride, int64_t filter, int64_t dilation, int64_t in,
                 int64_t before) {
  return std::max<int64_t>(0, (out - 1) * stride + dilation * (filter - 1) + 1 - in - before);
}

Dims strides(const ConvParams& p) { return {p.strideHeight, p.strideWidth}; }
Dims dilations(const ConvParams& p) { return {p.dilationHeight - 1, p.dilationWidth - 1}; }
Dims padBefore(const ConvParams& p) { return {p.padTop, p.padLeft}; }
Dims padAfter(const ConvParams& p) {
  return {padAfter(p.outHeight, p.strideHeight, p.filterHeight, p.dilationHeight, p.inHeight,
                   p.padTop),
          padAfter(p.outWidth, p.strideWidth, p.filterWidth, p.dilationWidth, p.inWidth,
                   p.padLeft)};
}

Desc imageDesc(DType type, int64_t batch, int64_t channels, int64_t height, int64_t width) {
  return Desc({batch, channels, height, width}, onednnType(type), memory::format_tag::nhwc);
}
Desc inDesc(const ConvParams& p, DType type) {
  return imageDesc(type, p.batch, p.inChannels, p.inHeight, p.inWidth);
}
Desc outDesc(const ConvParams& p, DType type) {
  return imageDesc(type, p.batch, p.outChannels, p.outHeight, p.outWidth);
}
Desc biasDesc(const ConvParams& p) {
  return Desc({p.outChannels}, memory::data_type::f32, memory::format_tag::x);
}

// tfjs's filter (kh, kw, inC / groups, outC) under oneDNN's logical order (g, o, i, h, w); with
// `transposed`, under that of the convolution that maps gradients back: (g, i, o, h, w).
struct FilterLayout {
  Dims dims;
  Dims hwioStrides;
};
FilterLayout filterLayout(const ConvParams& p, bool transposed) {
  int64_t in = p.inChannels / p.groups;
  int64_t out = p.outChannels / p.groups;
  int64_t row = p.filterWidth * in * p.outChannels;
  FilterLayout layout{{out, in, p.filterHeight, p.filterWidth},
                      {1, p.outChannels, row, in * p.outChannels}};
  if (transposed) {
    std::swap(layout.dims[0], layout.dims[1]);
    std::swap(layout.hwioStrides[0], layout.hwioStrides[1]);
  }
  if (p.groups > 1) {
    layout.dims.insert(layout.dims.begin(), p.groups);
    layout.hwioStrides.insert(layout.hwioStrides.begin(), out);
  }
  return layout;
}
Desc anyFilter(const ConvParams& p, DType type, bool transposed = false) {
  return Desc(filterLayout(p, transposed).dims, onednnType(type), memory::format_tag::any);
}
Desc plainFilter(const ConvParams& p, DType type, bool transposed = false) {
  FilterLayout layout = filterLayout(p, transposed);
  return Desc(layout.dims, onednnType(type), layout.hwioStrides);
}

std::string packKey(const char* form, const Desc& desc) {
  std::string key(form);
  key.append(reinterpret_cast<const char*>(&desc.data), sizeof(desc.data));
  return key;
}

void* packedFilter(Context& context, const ConvParams& p, const Tensor& filter, const Desc& desc) {
  return packedWeight(context, filter, packKey("forward", desc), desc.get_size(), [&](void* into) {
    reorder(context, plainFilter(p, filter.dtype), filter.raw(), desc, into);
  });
}

// The filter turned by 180 degrees, input and output channels exchanged.
void* packedTurnedFilter(Context& context, const ConvParams& p, const Tensor& filter,
                         const Desc& desc) {
  return packedWeight(context, filter, packKey("turned", desc), desc.get_size(), [&](void* into) {
    Tensor turned = Tensor::create(&context.pool, filter.dtype, filter.size);
    int64_t taps = int64_t{p.filterHeight} * p.filterWidth;
    size_t tapBytes = filter.bytes() / taps;
    const char* from = static_cast<const char*>(filter.raw());
    char* to = static_cast<char*>(turned.raw());
    for (int64_t tap = 0; tap < taps; tap++) {
      std::memcpy(to + (taps - 1 - tap) * tapBytes, from + tap * tapBytes, tapBytes);
    }
    reorder(context, plainFilter(p, filter.dtype, true), turned.raw(), desc, into);
  });
}

dnnl::convolution_forward::primitive_desc forwardDesc(const ConvParams& p, DType type,
                                                      bool hasBias, DType outType) {
  auto kind = dnnl::prop_kind::forward_training;
  auto attributes = attributesFor(static_cast<Activation>(p.activation));
  if (hasBias) {
    return {{kind, kDirect, inDesc(p, type), anyFilter(p, type), biasDesc(p), outDesc(p, outType),
             strides(p), dilations(p), padBefore(p), padAfter(p)},
            attributes,
            cpuEngine()};
  }
  return {{kind, kDirect, inDesc(p, type), anyFilter(p, type), outDesc(p, outType), strides(p),
           dilations(p), padBefore(p), padAfter(p)},
          attributes,
          cpuEngine()};
}

// The hint that gradient primitives want: the forward one without activation or bias.
dnnl::convolution_forward::primitive_desc hintDesc(ConvParams p, DType type) {
  p.activation = static_cast<int32_t>(Activation::Linear);
  return forwardDesc(p, type, false, type);
}

Prepared prepareForward(const Call& call, const ConvParams& p, DType type, bool hasBias) {
  auto desc = forwardDesc(p, type, hasBias, type);
  Prepared result;
  result.accept(call, desc.impl_info_str());
  result.primitive = dnnl::convolution_forward(desc);
  result.add(DNNL_ARG_SRC, desc.src_desc());
  result.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  if (hasBias) result.add(DNNL_ARG_BIAS, desc.bias_desc());
  result.add(DNNL_ARG_DST, desc.dst_desc());
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return result;
}

// The result in the output's own type, computed straight into it where the types agree.
class Result {
 public:
  Result(Context& context, const Tensor& output, DType type)
      : context_(context), output_(output), type_(type) {
    if (output.dtype != type) temporary_ = Tensor::create(&context.pool, type, output.size);
  }
  void* raw() const { return temporary_.exists() ? temporary_.raw() : output_.raw(); }
  void finish() const {
    if (!temporary_.exists()) return;
    convert(context_, temporary_.raw(), type_, output_.raw(), output_.dtype, output_.size);
  }

 private:
  Context& context_;
  const Tensor& output_;
  DType type_;
  Tensor temporary_;
};

void forward(const Call& call, const ConvParams& p, const Tensor& input, void* bias,
             const Tensor& output, const Tensor& filter) {
  Context& context = call.context;
  DType type = computeType(input.dtype);
  bool hasBias = bias != nullptr;
  Prepared& conv = prepared(call, std::string(nameOf(type)) + (hasBias ? "+bias" : ""), &p,
                            sizeof(p), [&] { return prepareForward(call, p, type, hasBias); });
  Tensor keep;
  Result result(context, output, type);
  conv.execute(context,
               {{DNNL_ARG_SRC, converted(context, input, type, &keep)},
                {DNNL_ARG_WEIGHTS, packedFilter(context, p, filter, conv.desc(DNNL_ARG_WEIGHTS))},
                {DNNL_ARG_BIAS, bias},
                {DNNL_ARG_DST, result.raw()}});
  result.finish();
}

// The convolution over the gradient that gives a stride-1 convolution's input gradient.
ConvParams turned(const ConvParams& p) {
  ConvParams q = p;
  std::swap(q.inHeight, q.outHeight);
  std::swap(q.inWidth, q.outWidth);
  std::swap(q.inChannels, q.outChannels);
  q.padTop = p.dilationHeight * (p.filterHeight - 1) - p.padTop;
  q.padLeft = p.dilationWidth * (p.filterWidth - 1) - p.padLeft;
  q.activation = static_cast<int32_t>(Activation::Linear);
  return q;
}

// oneDNN 2.6's forward convolution beats its backward data on AMX (1.1 to 1.7 times).
bool runsTurned(const ConvParams& p, DType type) {
  ConvParams q = turned(p);
  return type == DType::BFloat16 && p.strideHeight == 1 && p.strideWidth == 1 && q.padTop >= 0 &&
         q.padLeft >= 0 && p.inChannels / p.groups >= 16 && p.outChannels / p.groups >= 16;
}

Prepared prepareInputGrad(const Call& call, const ConvParams& p, DType type) {
  dnnl::primitive_attr attributes = attributesFor(Activation::Linear);
  dnnl::convolution_backward_data::primitive_desc desc(
      {kDirect, inDesc(p, type), anyFilter(p, type), outDesc(p, type), strides(p), dilations(p),
       padBefore(p), padAfter(p)},
      attributes, cpuEngine(), hintDesc(p, type));
  Prepared result;
  result.accept(call, desc.impl_info_str());
  result.primitive = dnnl::convolution_backward_data(desc);
  result.add(DNNL_ARG_DIFF_SRC, desc.diff_src_desc());
  result.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  result.add(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return result;
}

Prepared prepareFilterGrad(const Call& call, const ConvParams& p, DType type) {
  dnnl::primitive_attr attributes = attributesFor(Activation::Linear);
  dnnl::convolution_backward_weights::primitive_desc desc(
      {kDirect, inDesc(p, type), anyFilter(p, DType::Float32), outDesc(p, type), strides(p),
       dilations(p), padBefore(p), padAfter(p)},
      attributes, cpuEngine(), hintDesc(p, type));
  Prepared result;
  result.accept(call, desc.impl_info_str());
  result.primitive = dnnl::convolution_backward_weights(desc);
  result.add(DNNL_ARG_SRC, desc.src_desc());
  result.add(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
  result.add(DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc());
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return result;
}

}  // namespace

// inputs: x, filter, optional bias (float32)
CNN_KERNEL(FusedConv2D, ConvParams) {
  Tensor keep;
  void* bias = nullptr;
  if (call.inputs.size() > 2 && call.inputs[2].exists()) {
    bias = converted(call.context, call.inputs[2], DType::Float32, &keep);
  }
  forward(call, params, call.inputs[0], bias, call.outputs[0], call.inputs[1]);
  return true;
}

// inputs: dy, filter
CNN_KERNEL(Conv2DBackpropInput, ConvParams) {
  Context& context = call.context;
  const Tensor& dy = call.inputs[0];
  const Tensor& filter = call.inputs[1];
  DType type = computeType(dy.dtype);
  Tensor keep;
  Result result(context, call.outputs[0], type);
  void* dyValues = converted(context, dy, type, &keep);
  if (runsTurned(params, type)) {
    ConvParams q = turned(params);
    Prepared& conv = prepared(call, "turned", &q, sizeof(q),
                              [&] { return prepareForward(call, q, type, false); });
    const Desc desc = conv.desc(DNNL_ARG_WEIGHTS);
    conv.execute(context, {{DNNL_ARG_SRC, dyValues},
                           {DNNL_ARG_WEIGHTS, packedTurnedFilter(context, params, filter, desc)},
                           {DNNL_ARG_DST, result.raw()}});
  } else {
    Prepared& conv = prepared(call, nameOf(type), &params, sizeof(params),
                              [&] { return prepareInputGrad(call, params, type); });
    const Desc desc = conv.desc(DNNL_ARG_WEIGHTS);
    conv.execute(context, {{DNNL_ARG_DIFF_DST, dyValues},
                           {DNNL_ARG_WEIGHTS, packedFilter(context, params, filter, desc)},
                           {DNNL_ARG_DIFF_SRC, result.raw()}});
  }
  result.finish();
  return true;
}

// inputs: x, dy; output: float32 (kh, kw, inC / groups, outC)
CNN_KERNEL(Conv2DBackpropFilter, ConvParams) {
  Context& context = call.context;
  DType type = computeType(call.inputs[0].dtype);
  if (call.inputs[1].dtype != call.inputs[0].dtype) type = DType::Float32;
  Prepared& conv = prepared(call, nameOf(type), &params, sizeof(params),
                            [&] { return prepareFilterGrad(call, params, type); });
  const Desc blocked = conv.desc(DNNL_ARG_DIFF_WEIGHTS);
  Tensor keepX, keepDy;
  Block gradient(&context.pool, blocked.get_size());
  conv.execute(context, {{DNNL_ARG_SRC, converted(context, call.inputs[0], type, &keepX)},
                         {DNNL_ARG_DIFF_DST, converted(context, call.inputs[1], type, &keepDy)},
                         {DNNL_ARG_DIFF_WEIGHTS, gradient.data()}});
  reorder(context, blocked, gradient.data(), plainFilter(params, DType::Float32),
          call.outputs[0].raw());
  return true;
}

}  // namespace cnn
