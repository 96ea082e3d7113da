// The gradient of batch normalisation (Ioffe & Szegedy 2015, section 3) through the addition and
// the ReLU that follow it. x and dy are read twice and dx is written once: what the ReLU let
// through is computed again from x, and read from y only where a residual was added.
#include "coefficients.h"

namespace cnn {
namespace {

// The operands of one call. Rows of x are xStride apart and those of dx dxStride; all others are
// contiguous.
template <class X, class D, class G>
struct Operands {
  int32_t rows, channels;
  const D* dy;
  const X* x;
  int64_t xStride;
  G* dx;  // nullptr: not wanted
  int64_t dxStride;
  bool relu;             // passes on what x says
  const X* y = nullptr;  // after an addition and a ReLU; dz is the gradient of the sum
  D* dz = nullptr;
};

// Of dz and of dz * (x - mean), where dz is what the ReLU passes on of dy.
template <int WIDTH>
struct GradientSums {
  float sums[WIDTH], products[WIDTH];
};

// Those of a part's rows of one channel.
struct alignas(8) PartSums {
  float sum, product;
};

// As in PyTorch that of a NaN passes.
__device__ inline bool passesRelu(float value) { return !(value <= 0); }

// Rows whose dy and x are loaded together: as many as registers hold with the coefficients.
template <class X, class D, int WIDTH>
constexpr int kGradientsAtOnce =
    std::clamp(64 / static_cast<int>(WIDTH * (sizeof(X) + sizeof(D))), 1, kRowsAtOnce);

// With FROM_Y dz is written.
template <bool FROM_Y, class X, class D, int WIDTH>
__global__ void __launch_bounds__(kBlock, 3)
    sumGradients(const D* dy, const X* x, int64_t xStride, const X* y, D* dz, bool relu,
                 ChannelVectors vectors, PartSums* partials, ChannelGrid grid) {
  SHARED(uint32_t, shared, kLaneWords<GradientSums<WIDTH>>);
  const ChannelPlace place = placeIn(grid);
  const int64_t channels = int64_t{grid.packs} * WIDTH, channel = int64_t{place.pack} * WIDTH;
  const int64_t step = grid.lanes * channels;
  const Coefficients<WIDTH> of(vectors, place.works ? place.pack : 0);
  GradientSums<WIDTH> sums = {};
  forRows<kGradientsAtOnce<X, D, WIDTH>>(grid, place, [&](int32_t row, auto count) {
    constexpr int kCount = decltype(count)::value;
    const int64_t first = place.first + row, at = first * channels + channel;
    const Rows<WIDTH, kCount, D> gradients(dy + at, step);
    const Rows<WIDTH, kCount, X> values(x + first * xStride + channel, grid.lanes * xStride);
    const Rows<WIDTH, kCount, std::conditional_t<FROM_Y, X, void>> outputs(y + at, step);
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      float passed[WIDTH];
#pragma unroll
      for (int c = 0; c < WIDTH; c++) {
        const float value = values.at(i, c);
        bool passes;
        if constexpr (FROM_Y) {
          passes = passesRelu(outputs.at(i, c));
        } else {
          passes = !relu | passesRelu(of.normalised(value, c));
        }
        passed[c] = passes ? gradients.at(i, c) : 0;
        sums.sums[c] += passed[c];
        sums.products[c] += passed[c] * (value - of.mean[c]);
      }
      if constexpr (FROM_Y) storeFloats(dz + at + i * step, passed);
    }
  });
  combineLanes(grid, sums, shared, [](auto& to, const auto& from) {
#pragma unroll
    for (int c = 0; c < WIDTH; c++) {
      to.sums[c] += from.sums[c];
      to.products[c] += from.products[c];
    }
  });
  if (place.lane != 0 || !place.works) return;
  PartSums* to = partials + place.part * channels + channel;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) to[c] = {sums.sums[c], sums.products[c]};
}

// Where the sums go: dx = scale (dz - constant - slope (x - mean)). The last two stand for the
// statistics' dependence on x, which frozen ones do not have.
struct GradientVectors {
  float *dGamma, *dBeta, *slope, *constant;
};

__global__ void __launch_bounds__(kBlock)
    finishGradients(const PartSums* partials, int32_t channels, ChannelVectors vectors, bool frozen,
                    GradientVectors to, ChannelGrid grid) {
  SHARED(double, shared, kBlock);
  const int32_t channel = finishChannel();
  const bool exists = channel < channels;
  const int32_t parts = exists ? grid.parts : 0;
  const PartSums* from = partials + channel;
  const double sum = sumOfParts(parts, shared, [=](int32_t part) {
    return static_cast<double>(from[int64_t{part} * channels].sum);
  });
  const double products = sumOfParts(parts, shared, [=](int32_t part) {
    return static_cast<double>(from[int64_t{part} * channels].product);
  });
  if (!exists || threadIdx.x >= kFinishChannels) return;
  const double inverse = vectors.inverseOf(vectors.variance[channel]);
  const double product = products * inverse, rows = grid.rows;
  to.dGamma[channel] = static_cast<float>(product);
  to.dBeta[channel] = static_cast<float>(sum);
  // A choice, not a product with 0, which would make NaN of all where one gradient is NaN.
  to.slope[channel] = frozen ? 0 : static_cast<float>(inverse * product / rows);
  to.constant[channel] = frozen ? 0 : static_cast<float>(sum / rows);
}

// With ADD the result is added to what dx holds.
template <bool ADD, class X, class D, class G, int WIDTH>
__global__ void __launch_bounds__(kBlock, 3)
    writeGradients(const D* dy, const X* x, int64_t xStride, G* dx, int64_t dxStride, bool relu,
                   ChannelVectors vectors, const float* slopes, const float* constants,
                   ChannelGrid grid) {
  const ChannelPlace place = placeFromEnd(grid);
  if (!place.works) return;
  const int64_t channels = int64_t{grid.packs} * WIDTH, channel = int64_t{place.pack} * WIDTH;
  const Coefficients<WIDTH> of(vectors, place.pack);
  float slope[WIDTH], constant[WIDTH];
  loadChannels(slopes, place.pack, slope);
  loadChannels(constants, place.pack, constant);
  forRows<kGradientsAtOnce<X, D, WIDTH>>(grid, place, [&](int32_t row, auto count) {
    constexpr int kCount = decltype(count)::value;
    const int64_t first = place.first + row;
    const Rows<WIDTH, kCount, D> gradients(dy + first * channels + channel, grid.lanes * channels);
    const Rows<WIDTH, kCount, X> values(x + first * xStride + channel, grid.lanes * xStride);
    G* to = dx + first * dxStride + channel;
    const Rows<WIDTH, kCount, std::conditional_t<ADD, G, void>> before(to, grid.lanes * dxStride);
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      float results[WIDTH];
#pragma unroll
      for (int c = 0; c < WIDTH; c++) {
        const float value = values.at(i, c);
        const bool passes = !relu | passesRelu(of.normalised(value, c));
        const float gradient = passes ? gradients.at(i, c) : 0;
        results[c] = (gradient - constant[c] - (value - of.mean[c]) * slope[c]) * of.scale[c];
        if constexpr (ADD) results[c] += before.at(i, c);
      }
      storeFloats(to + i * grid.lanes * dxStride, results);
    }
  });
}

// With ADD the result is added to what dx holds.
template <bool ADD, class X, class D, class G>
void gradient(const Call& call, const Operands<X, D, G>& of, const ChannelVectors& vectors,
              const Tensor& dGamma, const Tensor& dBeta, bool frozen) {
  constexpr int kWidest = std::max(cuda::kPack<X>, cuda::kPack<D>);
  withWidth<kWidest>({of.channels, of.xStride, of.dxStride}, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    const ChannelGrid grid(call, of.rows, of.channels, kWidth);
    const size_t channels = static_cast<size_t>(of.channels);
    const size_t sums = static_cast<size_t>(grid.parts) * channels * sizeof(PartSums);
    const size_t vector = (channels * sizeof(float) + 63) / 64 * 64;
    char* scratch = static_cast<char*>(call.context.scratchMemory(2 * vector + sums));
    const GradientVectors to{valuesOf<float>(dGamma), valuesOf<float>(dBeta),
                             reinterpret_cast<float*>(scratch),
                             reinterpret_cast<float*>(scratch + vector)};
    auto* partials = reinterpret_cast<PartSums*>(scratch + 2 * vector);
    const Operands<X, D, G> o = of;
    const auto stream = streamOf(call);
    const D* dz = o.y == nullptr ? o.dy : o.dz;
    if (o.y == nullptr) {
      LAUNCH((sumGradients<false, X, D, kWidth>), grid.blocks(), kBlock, stream, o.dy, o.x,
             o.xStride, o.y, o.dz, o.relu, vectors, partials, grid);
    } else {
      LAUNCH((sumGradients<true, X, D, kWidth>), grid.blocks(), kBlock, stream, o.dy, o.x,
             o.xStride, o.y, o.dz, o.relu, vectors, partials, grid);
    }
    LAUNCH(finishGradients, finishBlocks(o.channels), kBlock, stream, partials, o.channels, vectors,
           frozen, to, grid);
    if (o.dx == nullptr) return;
    LAUNCH((writeGradients<ADD, X, D, G, kWidth>), grid.blocks(), kBlock, stream, dz, o.x,
           o.xStride, o.dx, o.dxStride, o.relu, vectors, to.slope, to.constant, grid);
  });
}

template <class X, class D>
void wholeGradient(const Call& call, const BatchNormGradParams& p, bool relu, bool residual) {
  const Operands<X, D, D> operands{p.rows,
                                   p.channels,
                                   valuesOf<D>(call.inputs[0]),
                                   valuesOf<X>(call.inputs[1]),
                                   p.channels,
                                   valuesOf<D>(call.outputs[0]),
                                   p.channels,
                                   relu && !residual,
                                   residual ? valuesOf<X>(call.inputs[6]) : nullptr,
                                   residual ? valuesOf<D>(call.outputs[3]) : nullptr};
  const ChannelVectors vectors = vectorsOf(call, 2, 0, true);
  gradient<false>(call, operands, vectors, call.outputs[1], call.outputs[2], p.frozen != 0);
}

template <class X, class D>
void sliceGradient(const Call& call, const BatchNormSliceGradParams& p, bool relu) {
  const bool whole = call.outputs.size() == 3;
  const Tensor& dx = whole ? call.outputs[2] : call.inputs[6];
  const Operands<X, D, X> operands{p.rows,
                                   p.channels,
                                   valuesOf<D>(call.inputs[1]),
                                   valuesOf<X>(call.inputs[0]),
                                   p.stride,
                                   valuesOf<X>(dx),
                                   p.stride,
                                   relu};
  const ChannelVectors vectors = vectorsOf(call, 2, p.epsilon, false);
  const auto run = [&](auto add) {
    gradient<decltype(add)::value>(call, operands, vectors, call.outputs[0], call.outputs[1],
                                   p.frozen != 0);
  };
  whole ? run(std::false_type{}) : run(std::true_type{});
}

}  // namespace

// Inputs dy, x, gamma, beta, mean, inverse deviation and, for the ReLU after an addition, y;
// outputs dx, dGamma, dBeta and, with y, the gradient of the residual.
CNN_CUDA_KERNEL(BatchNormGrad, BatchNormGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  const bool residual = call.outputs.size() == 4;
  return withFloatType(call.inputs[1].dtype, [&](auto x) {
    return withFloatType(call.inputs[0].dtype, [&](auto dy) {
      wholeGradient<decltype(x), decltype(dy)>(call, params, activation == Activation::Relu,
                                               residual);
      return true;
    });
  });
}

// Inputs x, dy, gamma, beta, mean, variance and, to have dx added to it, the gradient of all
// channels; outputs dGamma, dBeta and dx, when x has every channel and nothing has been accumulated
// yet. x and dx are the first `channels` of rows of `stride` channels; mean and variance have at
// least as many.
CNN_CUDA_KERNEL(BatchNormSliceGrad, BatchNormSliceGradParams) {
  const auto activation = static_cast<Activation>(params.activation);
  const Tensor& x = call.inputs[0];
  const Tensor& dx = call.outputs.size() == 3 ? call.outputs[2] : call.inputs[6];
  if (dx.exists()) dx.storage->version++;
  return withFloatType(x.dtype, [&](auto xValue) {
    return withFloatType(call.inputs[1].dtype, [&](auto dy) {
      sliceGradient<decltype(xValue), decltype(dy)>(call, params, activation == Activation::Relu);
      return true;
    });
  });
}

}  // namespace cnn
