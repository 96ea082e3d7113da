#include "convolution_graph.h"

#include <algorithm>

namespace cnn::cuda {
namespace {

using Sizes = std::vector<int64_t>;

// A sum that stays in registers has a number of its own, from here on.
constexpr int64_t kFirstVirtual = 10;
// Of the blocks of the pool, and of tensors in them.
constexpr int64_t kByteAlignment = 16;

cudnnDataType_t cudnnType(DType type) {
  return type == DType::BFloat16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

// Sizes and strides in the order of NCHW; the memory is NHWC.
Descriptor tensor(int64_t number, DType type, const Sizes& sizes, bool isVirtual = false) {
  const int64_t channels = sizes[1], height = sizes[2], width = sizes[3];
  Descriptor result(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  result.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, number);
  result.set(CUDNN_ATTR_TENSOR_DATA_TYPE, cudnnType(type));
  result.set(CUDNN_ATTR_TENSOR_DIMENSIONS, sizes);
  result.set(CUDNN_ATTR_TENSOR_STRIDES,
             Sizes{channels * height * width, 1, width * channels, channels});
  result.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, kByteAlignment);
  result.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, isVirtual);
  result.finalize("a tensor");
  return result;
}

// The padding after the last row or column with which cuDNN's formula gives the output size.
int64_t padAfter(int64_t out, int64_t stride, int64_t filter, int64_t dilation, int64_t in,
                 int64_t before) {
  return std::max<int64_t>(0, (out - 1) * stride + dilation * (filter - 1) + 1 - in - before);
}

Descriptor convolution(const ConvParams& p) {
  Descriptor result(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  result.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  result.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
  result.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{2});
  result.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, Sizes{p.strideHeight, p.strideWidth});
  result.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, Sizes{p.dilationHeight, p.dilationWidth});
  result.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, Sizes{p.padTop, p.padLeft});
  result.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS,
             Sizes{padAfter(p.outHeight, p.strideHeight, p.filterHeight, p.dilationHeight,
                            p.inHeight, p.padTop),
                   padAfter(p.outWidth, p.strideWidth, p.filterWidth, p.dilationWidth, p.inWidth,
                            p.padLeft)});
  result.finalize("a convolution");
  return result;
}

// The names of one operation's attributes.
struct ConvolutionNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, filter, y, alpha, beta;
};
constexpr ConvolutionNames kForward = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
constexpr ConvolutionNames kInputGrad = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
constexpr ConvolutionNames kFilterGrad = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

const ConvolutionNames& namesOf(Pass pass) {
  if (pass == Pass::InputGrad) return kInputGrad;
  return pass == Pass::FilterGrad ? kFilterGrad : kForward;
}

Descriptor pointwise(cudnnPointwiseMode_t mode, const Descriptor& x, const Descriptor* b,
                     const Descriptor& y) {
  Descriptor kind(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  kind.set(CUDNN_ATTR_POINTWISE_MODE, mode);
  kind.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  kind.finalize("a pointwise kind");
  Descriptor result(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  result.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind);
  result.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (b != nullptr) result.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
  result.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  result.finalize("a pointwise operation");
  return result;
}

}  // namespace

const char* nameOf(Pass pass) {
  constexpr const char* kNames[] = {"forward", "forward+bias", "forward+bias+relu",
                                    "input gradient", "filter gradient"};
  return kNames[static_cast<int>(pass)];
}

Descriptor convolutionGraph(const ConvParams& p, ProductTypes types, Pass pass,
                            const Target& target) {
  const bool fused = pass == Pass::ForwardBias || pass == Pass::ForwardBiasRelu;
  const Sizes outSizes = {p.batch, p.outChannels, p.outHeight, p.outWidth};
  auto typeOf = [&](Pass writer) { return pass == writer ? types.result : types.values; };
  const DType yType = pass == Pass::Forward ? types.result : types.values;
  const Descriptor x =
      tensor(kX, typeOf(Pass::InputGrad), {p.batch, p.inChannels, p.inHeight, p.inWidth});
  const Descriptor filter =
      tensor(kFilter, typeOf(Pass::FilterGrad),
             {p.outChannels, p.inChannels / p.groups, p.filterHeight, p.filterWidth});
  const Descriptor sums =
      fused ? tensor(kFirstVirtual, DType::Float32, outSizes, true) : tensor(kY, yType, outSizes);
  const ConvolutionNames& names = namesOf(pass);
  Descriptor product(names.type);
  product.set(names.convolution, convolution(p));
  product.set(names.x, x);
  product.set(names.filter, filter);
  product.set(names.y, sums);
  product.set(names.alpha, 1.0f);
  product.set(names.beta, 0.0f);
  product.finalize("the operation of a convolution");
  std::vector<Descriptor> operations = {product};
  if (fused) {
    const Descriptor bias = tensor(kBias, DType::Float32, {1, p.outChannels, 1, 1});
    const Descriptor y = tensor(kY, types.result, outSizes);
    const bool relu = pass == Pass::ForwardBiasRelu;
    const Descriptor shifted = relu ? tensor(kFirstVirtual + 1, DType::Float32, outSizes, true) : y;
    operations.push_back(pointwise(CUDNN_POINTWISE_ADD, sums, &bias, shifted));
    if (relu) operations.push_back(pointwise(CUDNN_POINTWISE_RELU_FWD, shifted, nullptr, y));
  }
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  if (target.handle != nullptr) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  graph.finalize("the graph of a convolution");
  return graph;
}

}  // namespace cnn::cuda
