#include "checks/windows.h"

#include "checks/expect.h"

namespace cnn {
namespace {

template <class Window>
void expectWindow(const Window& p) {
  product({p.filterHeight, p.filterWidth, p.strideHeight, p.strideWidth, p.dilationHeight,
           p.dilationWidth});
  expectRange("padding", std::min(p.padTop, p.padLeft), 0, INT16_MAX);
  expectRange("padding", std::max(p.padTop, p.padLeft), 0, INT16_MAX);
}

struct ConvSizes {
  int64_t images, filter, results;
  int64_t channels;
};

ConvSizes convolution(const Call& call) {
  const ConvParams& p = paramsOf<ConvParams>(call);
  expectWindow(p);
  expectActivation(p.activation);
  expectRange("groups", p.groups, 1, std::min(p.inChannels, p.outChannels));
  if (p.inChannels % p.groups != 0 || p.outChannels % p.groups != 0) {
    throw std::runtime_error("expected channels that " + std::to_string(p.groups) +
                             " groups divide");
  }
  return {product({p.batch, p.inHeight, p.inWidth, p.inChannels}),
          product({p.filterHeight, p.filterWidth, p.inChannels / p.groups, p.outChannels}),
          product({p.batch, p.outHeight, p.outWidth, p.outChannels}), p.outChannels};
}

struct PoolSizes {
  int64_t images, results;
};

PoolSizes pooling(const Call& call) {
  const PoolParams& p = paramsOf<PoolParams>(call);
  expectWindow(p);
  expectRange("a side of the window", std::max(p.filterHeight, p.filterWidth), 1, kMaxPoolFilter);
  return {product({p.batch, p.inHeight, p.inWidth, p.channels}),
          product({p.batch, p.outHeight, p.outWidth, p.channels})};
}

}  // namespace

void checkConvolution(const Call& call) {
  const ConvSizes sizes = convolution(call);
  expectInputs(call, {sizes.images, sizes.filter, sizes.channels});
  expectOutputs(call, {sizes.results});
}

void checkInputGradient(const Call& call) {
  const ConvSizes sizes = convolution(call);
  expectInputs(call, {sizes.results, sizes.filter});
  expectOutputs(call, {sizes.images});
}

void checkFilterGradient(const Call& call) {
  const ConvSizes sizes = convolution(call);
  expectInputs(call, {sizes.images, sizes.results});
  expectOutputs(call, {sizes.filter});
}

void checkPool(const Call& call) {
  const PoolSizes sizes = pooling(call);
  expectInputs(call, {sizes.images});
  expectOutputs(call, {sizes.results});
}

void checkPoolGradient(const Call& call) {
  const PoolSizes sizes = pooling(call);
  expectInputs(call, {sizes.results, sizes.images, sizes.results});
  expectOutputs(call, {sizes.images});
}

void checkMatMul(const Call& call) {
  const MatMulParams& p = paramsOf<MatMulParams>(call);
  expectActivation(p.activation);
  const int64_t batch = std::max(p.batchA, p.batchB);
  expectInputs(call, {product({p.batchA, p.m, p.k}), product({p.batchB, p.k, p.n}), p.n});
  if (std::min(p.batchA, p.batchB) != 1 && p.batchA != p.batchB) {
    throw std::runtime_error("expected batches of the same size, or of 1");
  }
  expectOutputs(call, {product({batch, p.m, p.n})});
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
  expectInputs(call, {back ? means : images});
  expectOutputs(call, {back ? images : means});
}

}  // namespace cnn
