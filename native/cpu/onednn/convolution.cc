// Convolutions by oneDNN: forward with bias and activation, and both gradients. Activations are
// NHWC, the only layout in which oneDNN uses AMX; weights are packed into the layout it asks for.
#include <algorithm>
#include <cstring>
#include <limits>

#include "common/single_pixels.h"
#include "filter_layout.h"
#include "primitive.h"

namespace cnn {
namespace {

using dnnl::memory;
using Dims = memory::dims;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;

// The padding after the last row or column with which oneDNN's formula gives the output size.
int64_t padAfter(int64_t out, int64_t stride, int64_t filter, int64_t dilation, int64_t in,
                 int64_t before) {
  return std::max<int64_t>(0, (out - 1) * stride + dilation * (filter - 1) + 1 - in - before);
}

Dims strides(const ConvParams& p) { return {p.strideHeight, p.strideWidth}; }
Dims dilations(const ConvParams& p) { return {p.dilationHeight - 1, p.dilationWidth - 1}; }
Dims padBefore(const ConvParams& p) { return {p.padTop, p.padLeft}; }
Dims padAfter(const ConvParams& p) {
  return {
      padAfter(p.outHeight, p.strideHeight, p.filterHeight, p.dilationHeight, p.inHeight, p.padTop),
      padAfter(p.outWidth, p.strideWidth, p.filterWidth, p.dilationWidth, p.inWidth, p.padLeft)};
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

Desc filterDesc(const ConvParams& p, DType type) {
  Dims dims{p.outChannels / p.groups, p.inChannels / p.groups, p.filterHeight, p.filterWidth};
  if (p.groups > 1) dims.insert(dims.begin(), p.groups);
  return Desc(dims, onednnType(type), memory::format_tag::any);
}

// The filter of a convolution: its layout, and the key under which a weight keeps its copy.
struct PreparedConv : Prepared {
  std::unique_ptr<FilterLayout> layout;
  std::string packKey;
  DType filterType = DType::Float32;
  size_t filterBytes = 0;

  void describeFilter(const ConvParams& p, const Desc& desc, DType type, bool turned) {
    layout = std::make_unique<FilterLayout>(p, desc, turned);
    packKey = turned ? "turned" : "forward";
    appendLayout(packKey, desc);
    filterType = type;
    filterBytes = desc.get_size();
  }
};

// The filter in the layout and type of the primitive.
Packed packedFilter(Context& context, const PreparedConv& conv, const Tensor& filter) {
  Tensor keep;
  return packedWeight(context, filter, conv.packKey, conv.filterBytes, [&](void* into) {
    void* values = converted(context, filter, DType::Float32, &keep);
    if (context.measuring) return;
    conv.layout->pack(static_cast<const float*>(values), into, conv.filterType, context.isa);
  });
}

dnnl::convolution_forward::primitive_desc forwardDesc(const ConvParams& p, DType type,
                                                      DType outType, bool hasBias, bool adds) {
  auto kind = dnnl::prop_kind::forward_training;
  auto attributes = attributesFor(static_cast<Activation>(p.activation), adds);
  using Forward = dnnl::convolution_forward;
  if (hasBias) {
    return describePrimitive<Forward>(attributes, kind, kDirect, inDesc(p, type),
                                      filterDesc(p, type), biasDesc(p), outDesc(p, outType),
                                      strides(p), dilations(p), padBefore(p), padAfter(p));
  }
  return describePrimitive<Forward>(attributes, kind, kDirect, inDesc(p, type), filterDesc(p, type),
                                    outDesc(p, outType), strides(p), dilations(p), padBefore(p),
                                    padAfter(p));
}

// The hint that gradient primitives want: the forward one without activation or bias.
dnnl::convolution_forward::primitive_desc hintDesc(ConvParams p, DType type) {
  p.activation = static_cast<int32_t>(Activation::Linear);
  return forwardDesc(p, type, type, false, false);
}

// `adds`: to what the output holds. `original`: the convolution whose filter this one uses turned,
// or null.
PreparedConv prepareForward(const Call& call, const ConvParams& p, DType type, DType outType,
                            bool hasBias, bool adds, const ConvParams* original = nullptr) {
  auto desc = forwardDesc(p, type, outType, hasBias, adds);
  PreparedConv result;
  result.accept(call, desc.impl_info_str());
  if (!call.context.measuring) result.primitive = dnnl::convolution_forward(desc);
  result.add(DNNL_ARG_SRC, desc.src_desc());
  result.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  if (hasBias) result.add(DNNL_ARG_BIAS, desc.bias_desc());
  result.add(DNNL_ARG_DST, desc.dst_desc());
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  bool turned = original != nullptr;
  result.describeFilter(turned ? *original : p, desc.weights_desc(), type, turned);
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

// No sum of the convolution is larger in size than this: infinity or NaN where one may be.
double boundOfSums(const Context& context, const ConvParams& p, const std::vector<Tensor>& inputs) {
  if (context.measuring) return 0;
  constexpr double kRounding = 1.02;  // of the filter and the sums to bfloat16, at most
  const double terms = double{1} * p.filterHeight * p.filterWidth * (p.inChannels / p.groups);
  const bool hasBias = inputs.size() > 2 && inputs[2].exists();
  const double bias = hasBias ? magnitudeOf(context, inputs[2]) : 0;
  const double product = double{magnitudeOf(context, inputs[0])} * magnitudeOf(context, inputs[1]);
  const double sum = inputs.size() > 3 ? magnitudeOf(context, inputs[3]) : 0;
  return kRounding * (terms * product + bias + sum);
}

// Where the sums may overflow, oneDNN's ReLU would hide the NaN that come of it.
constexpr double kLargestSafeSum = std::numeric_limits<float>::max() / 2;

bool forward(const Call& call, ConvParams p, DType type) {
  Context& context = call.context;
  const Tensor& input = call.inputs[0];
  const Tensor& filter = call.inputs[1];
  const bool adds = call.outputs.empty();
  const Tensor& output = adds ? call.inputs[3] : call.outputs[0];
  if (!computesIn(call, type, input.dtype)) return false;
  Tensor keepBias;
  void* bias = nullptr;
  if (call.inputs.size() > 2 && call.inputs[2].exists()) {
    bias = converted(context, call.inputs[2], DType::Float32, &keepBias);
  }
  bool relu = static_cast<Activation>(p.activation) == Activation::Relu;
  double bound = relu ? boundOfSums(context, p, call.inputs) : 0;
  bool fused = bound <= kLargestSafeSum;
  if (!fused) p.activation = static_cast<int32_t>(Activation::Linear);
  DType outType = output.dtype == DType::Float32 ? DType::Float32 : type;
  bool hasBias = bias != nullptr;
  std::string variant = std::string(nameOf(type)) + nameOf(outType) + (hasBias ? "+bias" : "");
  if (adds) variant += "+sum";
  PreparedConv& conv = prepared<PreparedConv>(call, variant, &p, sizeof(p), [&] {
    return prepareForward(call, p, type, outType, hasBias, adds);
  });
  Tensor keep;
  Result result(context, output, outType);
  Packed packed = packedFilter(context, conv, filter);
  conv.execute(context, {{DNNL_ARG_SRC, converted(context, input, type, &keep)},
                         {DNNL_ARG_WEIGHTS, packed.values},
                         {DNNL_ARG_BIAS, bias},
                         {DNNL_ARG_DST, result.raw()}});
  if (!fused) applyRelu(context, result.raw(), outType, output.size);
  result.finish();
  if (adds) output.storage->version++;
  if (!relu || !fused) return true;
  output.storage->bound = static_cast<float>(bound);
  output.storage->boundVersion = output.storage->version;
  return true;
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

// In the fixed table: oneDNN 2.6's forward convolution beats its backward data on AMX (1.1 to 1.7
// times).
bool prefersTurned(const ConvParams& p, DType type) {
  return type == DType::BFloat16 && p.inChannels / p.groups >= 16 && p.outChannels / p.groups >= 16;
}

PreparedConv prepareInputGrad(const Call& call, const ConvParams& p, DType type) {
  dnnl::primitive_attr attributes = attributesFor(Activation::Linear);
  auto desc = describeGradient<dnnl::convolution_backward_data>(
      attributes, hintDesc(p, type), kDirect, inDesc(p, type), filterDesc(p, type),
      outDesc(p, type), strides(p), dilations(p), padBefore(p), padAfter(p));
  PreparedConv result;
  result.accept(call, desc.impl_info_str());
  if (!call.context.measuring) result.primitive = dnnl::convolution_backward_data(desc);
  result.add(DNNL_ARG_DIFF_SRC, desc.diff_src_desc());
  result.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  result.add(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  result.describeFilter(p, desc.weights_desc(), type, false);
  return result;
}

PreparedConv prepareFilterGrad(const Call& call, const ConvParams& p, DType type) {
  dnnl::primitive_attr attributes = attributesFor(Activation::Linear);
  auto desc = describeGradient<dnnl::convolution_backward_weights>(
      attributes, hintDesc(p, type), kDirect, inDesc(p, type), filterDesc(p, DType::Float32),
      outDesc(p, type), strides(p), dilations(p), padBefore(p), padAfter(p));
  PreparedConv result;
  result.accept(call, desc.impl_info_str());
  if (!call.context.measuring) result.primitive = dnnl::convolution_backward_weights(desc);
  result.add(DNNL_ARG_SRC, desc.src_desc());
  result.add(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
  result.add(DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc());
  result.add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  result.describeFilter(p, desc.diff_weights_desc(), DType::Float32, false);
  return result;
}

// Where oneDNN pads the channels, its gradient of a strided 1×1 filter reads memory that nothing
// wrote (2.6.3 and 3.x on AVX2, below 8 channels). Without a stride it is right.
bool needsDensePixels(const ConvParams& p) {
  constexpr int kLargestBlock = 16;
  return readsSinglePixels(p) && (p.strideHeight > 1 || p.strideWidth > 1) &&
         p.inChannels / p.groups % kLargestBlock != 0;
}

// The pixels that the 1×1 filter meets, one after the other.
Tensor densePixels(Context& context, const Tensor& x, const ConvParams& p) {
  const int64_t pixelBytes = p.inChannels * static_cast<int64_t>(bytesOf(x.dtype));
  const int64_t pixels = pixelsOf(p);
  Tensor dense = Tensor::create(&context.pool, x.dtype, pixels * p.inChannels);
  if (context.measuring) return dense;
  char* to = static_cast<char*>(dense.raw());
  for (int64_t pixel = 0; pixel < pixels; pixel++, to += pixelBytes) {
    const int64_t from = inputPixel(p, pixel) * pixelBytes;
    std::memcpy(to, static_cast<const char*>(x.raw()) + from, pixelBytes);
  }
  return dense;
}

// The same convolution of those pixels.
ConvParams withDensePixels(ConvParams p) {
  p.inHeight = p.outHeight;
  p.inWidth = p.outWidth;
  p.strideHeight = p.strideWidth = 1;
  return p;
}

// The input's gradient by a forward convolution.
bool inputGradTurned(const Call& call, const ConvParams& p, DType type) {
  Context& context = call.context;
  const Tensor& dy = call.inputs[0];
  if (!computesIn(call, type, dy.dtype) || (!call.chosen && !prefersTurned(p, type))) return false;
  ConvParams q = turned(p);
  if (p.strideHeight * p.strideWidth > 1 || q.padTop < 0 || q.padLeft < 0) return false;
  Tensor keep;
  Result result(context, call.outputs[0], type);
  void* dyValues = converted(context, dy, type, &keep);
  const std::string variant = std::string("turned ") + nameOf(type);
  PreparedConv& conv = prepared<PreparedConv>(call, variant, &q, sizeof(q), [&] {
    return prepareForward(call, q, type, type, false, false, &p);
  });
  Packed packed = packedFilter(context, conv, call.inputs[1]);
  conv.execute(
      context,
      {{DNNL_ARG_SRC, dyValues}, {DNNL_ARG_WEIGHTS, packed.values}, {DNNL_ARG_DST, result.raw()}});
  result.finish();
  return true;
}

bool inputGrad(const Call& call, const ConvParams& p, DType type) {
  Context& context = call.context;
  const Tensor& dy = call.inputs[0];
  if (!computesIn(call, type, dy.dtype)) return false;
  Tensor keep;
  Result result(context, call.outputs[0], type);
  void* dyValues = converted(context, dy, type, &keep);
  PreparedConv& conv = prepared<PreparedConv>(call, nameOf(type), &p, sizeof(p),
                                              [&] { return prepareInputGrad(call, p, type); });
  Packed packed = packedFilter(context, conv, call.inputs[1]);
  conv.execute(context, {{DNNL_ARG_DIFF_DST, dyValues},
                         {DNNL_ARG_WEIGHTS, packed.values},
                         {DNNL_ARG_DIFF_SRC, result.raw()}});
  result.finish();
  return true;
}

bool filterGrad(const Call& call, const ConvParams& params, DType type) {
  Context& context = call.context;
  const bool alike = call.inputs[1].dtype == call.inputs[0].dtype;
  if (!computesIn(call, type, alike ? call.inputs[0].dtype : DType::Float32)) return false;
  const bool dense = needsDensePixels(params);
  const Tensor x = dense ? densePixels(context, call.inputs[0], params) : call.inputs[0];
  const ConvParams p = dense ? withDensePixels(params) : params;
  PreparedConv& conv = prepared<PreparedConv>(call, nameOf(type), &p, sizeof(p),
                                              [&] { return prepareFilterGrad(call, p, type); });
  Tensor keepX, keepDy;
  PoolBlock gradient(&context.pool, conv.filterBytes);
  conv.execute(context, {{DNNL_ARG_SRC, converted(context, x, type, &keepX)},
                         {DNNL_ARG_DIFF_DST, converted(context, call.inputs[1], type, &keepDy)},
                         {DNNL_ARG_DIFF_WEIGHTS, gradient.data()}});
  if (context.measuring) return true;
  conv.layout->unpack(static_cast<const float*>(gradient.data()), call.outputs[0].data<float>());
  return true;
}

}  // namespace

// inputs: x, filter, optional bias (float32), and in place of an output a float32 sum
CNN_CANDIDATE(FusedConv2D, ConvParams, -1, onednn) { return forward(call, params, DType::Float32); }
CNN_CANDIDATE(FusedConv2D, ConvParams, -1, onednn_bf16) {
  return forward(call, params, DType::BFloat16);
}

// inputs: dy, filter
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, -1, turned) {
  return inputGradTurned(call, params, DType::Float32);
}
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, -1, turned_bf16) {
  return inputGradTurned(call, params, DType::BFloat16);
}
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, -2, onednn) {
  return inputGrad(call, params, DType::Float32);
}
CNN_CANDIDATE(Conv2DBackpropInput, ConvParams, -2, onednn_bf16) {
  return inputGrad(call, params, DType::BFloat16);
}

// inputs: x, dy; output: float32 (kh, kw, inC / groups, outC)
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, -1, onednn) {
  return filterGrad(call, params, DType::Float32);
}
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, -1, onednn_bf16) {
  return filterGrad(call, params, DType::BFloat16);
}

}  // namespace cnn
