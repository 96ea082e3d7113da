// The gradient through an activation and, in the same pass, the bias before it.
#include "channel_grid.h"

namespace cnn {
namespace {

// How dz comes of dy and the activation's output y.
struct Straight {
  __device__ float operator()(float dy, float) const { return dy; }
};
struct ThroughRelu {
  // The gradient of a NaN passes.
  __device__ float operator()(float dy, float y) const { return y <= 0 ? 0 : dy; }
};
// Of amplitude * tanh(slope * x).
struct ThroughTanh {
  float slope, amplitude, inverse;
  __device__ float operator()(float dy, float y) const {
    return dy * slope * (amplitude - y * y * inverse);
  }
};

template <int WIDTH>
struct Sums {
  float values[WIDTH];
};

// dz unless it is dy, and the sums of a part's rows unless no bias wants them.
template <class Through, class D, class Y, int WIDTH>
__global__ void __launch_bounds__(kBlock)
    gradientOfBias(const D* dy, const Y* y, D* dz, float* partials, ChannelGrid grid,
                   Through through) {
  SHARED(uint32_t, shared, kLaneWords<Sums<WIDTH>>);
  const ChannelPlace place = placeIn(grid);
  const int64_t channels = int64_t{grid.packs} * WIDTH, step = grid.lanes * channels;
  const int64_t start = place.first * channels + int64_t{place.pack} * WIDTH;
  Sums<WIDTH> sums = {};
  forRows<kRowsAtOnce>(grid, place, [&](int32_t row, auto count) {
    constexpr int kCount = decltype(count)::value;
    const int64_t at = start + row * channels;
    const Rows<WIDTH, kCount, D> gradients(dy + at, step);
    const Rows<WIDTH, kCount, Y> outputs(y + at, step);
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      cuda::Pack<D, WIDTH> result;
#pragma unroll
      for (int c = 0; c < WIDTH; c++) {
        const float value = through(gradients.at(i, c), outputs.at(i, c));
        sums.values[c] += value;
        result.values[c] = fromFloat<D>(value);
      }
      if constexpr (!std::is_same<Through, Straight>::value) {
        cuda::store<D, WIDTH>(dz + at + i * step, result);
      }
    }
  });
  if (partials == nullptr) return;
  combineLanes(grid, sums, shared, [](auto& to, const auto& from) {
#pragma unroll
    for (int c = 0; c < WIDTH; c++) to.values[c] += from.values[c];
  });
  if (place.lane != 0 || !place.works) return;
  float* to = partials + place.part * channels + int64_t{place.pack} * WIDTH;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) to[c] = sums.values[c];
}

__global__ void __launch_bounds__(kBlock)
    addParts(const float* partials, int32_t parts, int32_t channels, float* bias) {
  SHARED(double, shared, kBlock);
  const int32_t channel = finishChannel();
  const bool exists = channel < channels;
  const double sum = sumOfParts(exists ? parts : 0, shared, [=](int32_t part) {
    return static_cast<double>(partials[int64_t{part} * channels + channel]);
  });
  if (exists && threadIdx.x < kFinishChannels) bias[channel] = static_cast<float>(sum);
}

template <class Through, class D, class Y>
void gradient(const Call& call, const BiasActivationGradParams& p, const Through& through) {
  constexpr bool kStraight = std::is_same<Through, Straight>::value;
  const D* dy = valuesOf<D>(call.inputs[0]);
  const Y* y = valuesOf<Y>(call.inputs[kStraight ? 0 : 1]);
  D* dz = kStraight ? nullptr : valuesOf<D>(call.outputs[0]);
  float* bias = p.bias != 0 ? valuesOf<float>(call.outputs[kStraight ? 0 : 1]) : nullptr;
  const int32_t channels = p.channels;
  withWidth<cuda::kPack<D>>({channels}, [&](auto width) {
    const ChannelGrid grid(call, p.rows, channels, width);
    const int32_t parts = grid.parts;
    const size_t bytes = sizeof(float) * static_cast<size_t>(parts) * static_cast<size_t>(channels);
    float* partials = bias;
    if (bias != nullptr && parts > 1) {
      partials = static_cast<float*>(call.context.scratchMemory(bytes));
    }
    LAUNCH((gradientOfBias<Through, D, Y, decltype(width)::value>), grid.blocks(), kBlock,
           streamOf(call), dy, y, dz, partials, grid, through);
    if (partials == bias) return;
    LAUNCH(addParts, finishBlocks(channels), kBlock, streamOf(call), partials, parts, channels,
           bias);
  });
}

}  // namespace

// Inputs dy and the activation's output y; outputs dz and, with a bias, its gradient in float.
// Without an activation dz is dy, which the caller knows: then only the bias's gradient is written.
CNN_CUDA_KERNEL(BiasActivationGrad, BiasActivationGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  return withFloatType(call.inputs[0].dtype, [&](auto dy) {
    using D = decltype(dy);
    if (activation == Activation::Linear) {
      if (params.bias != 0) gradient<Straight, D, D>(call, params, {});
      return true;
    }
    return withFloatType(call.inputs[1].dtype, [&](auto y) {
      using Y = decltype(y);
      if (activation == Activation::Relu) {
        gradient<ThroughRelu, D, Y>(call, params, {});
      } else if (activation == Activation::Tanh) {
        gradient<ThroughTanh, D, Y>(call, params, {1, 1, 1});
      } else {
        gradient<ThroughTanh, D, Y>(call, params, {2.0f / 3, 1.7159f, 1 / 1.7159f});
      }
      return true;
    });
  });
}

}  // namespace cnn
