#include "checks/windows.h"

#include "checks/expect.h"

namespace cnn {
namespace {

// Windows go on to the end of the image, with whatever padding there is after it.
void expectReach(int64_t in, int64_t out, int64_t filter, int64_t stride, int64_t dilation,
                 int64_t pad) {
  const int64_t end = (out - 1) * stride + (filter - 1) * dilation + 1 - pad;
  expectRange("the end of the last window", end, in - stride + 1, INT32_MAX);
}

template <class Window>
void expectWindow(const Window& p) {
  product({p.filterHeight, p.filterWidth, p.strideHeight, p.strideWidth, p.dilationHeight,
           p.dilationWidth});
  expectRange("padding", std::min(p.padTop, p.padLeft), 0, INT16_MAX);
  expectRange("padding", std::max(p.padTop, p.padLeft), 0, INT16_MAX);
  expectReach(p.inHeight, p.outHeight, p.filterHeight, p.strideHeight, p.dilationHeight, p.padTop);
  expectReach(p.inWidth, p.outWidth, p.filterWidth, p.strideWidth, p.dilationWidth, p.padLeft);
}

struct ConvSizes {
  int64_t images, filter, results;
  int64_t channels;
};

ConvSizes convolution(const Call& call) {
  const ConvParams& p = paramsOf<ConvParams>(call);
  expectWindow(p);
  expectActivation(p.activation, Activation::Tanh);
  expectRange("groups", p.groups, 1, std::min(p.inChannels, p.outChannels));
  if (p.inChannels % p.groups != 0 || p.outChannels % p.groups != 0) {
    throw std::runtime_error("expected channels that " + std::to_string(p.groups) +
                             " groups divide");
  }
  return {product({p.batch, p.inHeight, p.inWidth, p.inChannels}),
          product({p.filterHeight, p.filterWidth, p.inChannels / p.groups, p.outChannels}),
          product({p.batch, p.outHeight, p.outWidth, p.outChannels}), p.outChannels};
}

// Whether the first and the last window of an axis have more than padding.
void expectWithin(int64_t in, int64_t out, int64_t filter, int64_t stride, int64_t dilation,
                  int64_t pad) {
  if (pad <= (filter - 1) * dilation && (out - 1) * stride - pad < in) return;
  throw std::runtime_error("expected windows that meet the image");
}

struct PoolSizes {
  int64_t images, results;
};

PoolSizes pooling(const Call& call) {
  const PoolParams& p = paramsOf<PoolParams>(call);
  expectWindow(p);
  expectRange("a side of the window", std::max(p.filterHeight, p.filterWidth), 1, kMaxPoolFilter);
  expectWithin(p.inHeight, p.outHeight, p.filterHeight, p.strideHeight, p.dilationHeight, p.padTop);
  expectWithin(p.inWidth, p.outWidth, p.filterWidth, p.strideWidth, p.dilationWidth, p.padLeft);
  return {product({p.batch, p.inHeight, p.inWidth, p.channels}),
          product({p.batch, p.outHeight, p.outWidth, p.channels})};
}

}  // namespace

void checkConvolution(const Call& call) {
  const ConvSizes sizes = convolution(call);
  expectInput(call, 0, Of::Floats, {sizes.images});
  expectInput(call, 1, Of::Floats, {sizes.filter});
  expectInput(call, 2, Of::Floats, {sizes.channels});
  expectOutput(call, 0, Of::Floats, {sizes.results});
  if (!call.outputs.empty()) return;
  // In its place an input to which the result is added.
  if (call.context.device != Device::Cpu || call.inputs.size() < 4 || !call.inputs[3].exists()) {
    throw std::runtime_error("expected an output, or on a processor a sum");
  }
  expectInput(call, 3, Of::Float32, {sizes.results});
}

void checkInputGradient(const Call& call) {
  const ConvSizes sizes = convolution(call);
  expectInput(call, 0, Of::Floats, {sizes.results});
  expectInput(call, 1, Of::Floats, {sizes.filter});
  expectOutput(call, 0, Of::Floats, {sizes.images});
}

void checkFilterGradient(const Call& call) {
  const ConvSizes sizes = convolution(call);
  expectInput(call, 0, Of::Floats, {sizes.images});
  expectInput(call, 1, Of::Floats, {sizes.results});
  expectOutput(call, 0, Of::Float32, {sizes.filter});
}

void checkPool(const Call& call) {
  const PoolSizes sizes = pooling(call);
  expectInput(call, 0, Of::Floats, {sizes.images});
  expectOutputLike(call, 0, 0, {sizes.results});
}

void checkPoolGradient(const Call& call) {
  const PoolSizes sizes = pooling(call);
  expectInput(call, 0, Of::Floats, {sizes.results});
  expectInput(call, 1, Of::Floats, {sizes.images});
  expectInput(call, 2, Of::Floats, {sizes.results});
  expectOutputLike(call, 0, 0, {sizes.images});
}

void checkMatMul(const Call& call) {
  const MatMulParams& p = paramsOf<MatMulParams>(call);
  expectActivation(p.activation, Activation::Tanh);
  const int64_t batch = std::max(p.batchA, p.batchB);
  expectInput(call, 0, Of::Floats, {product({p.batchA, p.m, p.k})});
  expectInput(call, 1, Of::Floats, {product({p.batchB, p.k, p.n})});
  expectInput(call, 2, Of::Floats, {p.n});
  if (std::min(p.batchA, p.batchB) != 1 && p.batchA != p.batchB) {
    throw std::runtime_error("expected batches of the same size, or of 1");
  }
  expectOutput(call, 0, Of::Floats, {product({batch, p.m, p.n})});
}

// Windows within the images.
void checkWindowMeans(const Call& call) {
  const WindowMeansParams& p = paramsOf<WindowMeansParams>(call);
  const int64_t images = product({p.batch, p.inHeight, p.inWidth, p.channels});
  const int64_t means = product({p.batch, p.outHeight, p.outWidth, p.channels});
  expectWords(call, fixedWords<WindowMeansParams>() + 2 * (int64_t{p.outHeight} + p.outWidth));
  const int32_t* ends = listsOf<WindowMeansParams>(call);
  for (int i = 0; i < p.outHeight + p.outWidth; i++) {
    expectRange("the end of a window", ends[2 * i + 1], 1,
                i < p.outHeight ? p.inHeight : p.inWidth);
    expectRange("the begin of a window", ends[2 * i], 0, ends[2 * i + 1] - 1);
  }
  const bool back = call.kernel == std::string("WindowMeansGrad");
  expectInput(call, 0, Of::Floats, {back ? means : images});
  expectOutputLike(call, 0, 0, {back ? images : means});
}

}  // namespace cnn
