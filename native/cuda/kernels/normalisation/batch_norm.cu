// Batch normalisation (Ioffe & Szegedy 2015, algorithm 1) with the addition and the ReLU that
// follow it. x is read twice, or once where the statistics are known, and y written once.
#include "coefficients.h"
#include "statistics.h"

namespace cnn {
namespace {

// R is void without a residual. Rows of x are `stride` elements apart. `least` is 0 for a ReLU,
// else -infinity.
template <class X, class R, class Y, int WIDTH>
__global__ void __launch_bounds__(kBlock)
    normalise(const X* x, int64_t stride, const R* residual, Y* y, float least,
              ChannelVectors vectors, Running running, ChannelGrid grid) {
  const ChannelPlace place = placeFromEnd(grid);
  if (!place.works) return;
  const Coefficients<WIDTH> of(vectors, place.pack);
  const int64_t channels = int64_t{grid.packs} * WIDTH, channel = int64_t{place.pack} * WIDTH;
  const int64_t step = grid.lanes * channels;
  constexpr int kAtOnce = sizeof(X) == 2 && std::is_same<R, float>::value ? 2 : kRowsAtOnce;
  forRows<kAtOnce>(grid, place, [&](int32_t row, auto count) {
    constexpr int kCount = decltype(count)::value;
    const int64_t first = place.first + row, at = first * channels + channel;
    const Rows<WIDTH, kCount, X> values(x + first * stride + channel, grid.lanes * stride);
    const Rows<WIDTH, kCount, R> added(after(residual, at), step);
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      float results[WIDTH];
#pragma unroll
      for (int c = 0; c < WIDTH; c++) {
        float value = of.normalised(values.at(i, c), c);
        if constexpr (!std::is_void<R>::value) value += added.at(i, c);
        results[c] = value < least ? least : value;  // a NaN stays
      }
      storeFloats(y + at + i * step, results);
    }
  });
  if (running.mean == nullptr || place.part != 0 || place.lane != 0) return;
  for (int64_t c = channel; c < channel + WIDTH; c++) {
    running.blend(c, vectors.mean[c], vectors.variance[c]);
  }
}

// What is normalised: the first `channels` of rows of `stride` channels.
struct Slice {
  int32_t rows, channels, stride;
};

template <class X, class R, class Y>
void launchNormalise(const Call& call, const Slice& slice, const R* residual, Activation activation,
                     const ChannelVectors& vectors, const Running& running) {
  const X* x = valuesOf<X>(call.inputs[0]);
  Y* y = valuesOf<Y>(call.outputs[0]);
  const int64_t stride = slice.stride;
  const float least = activation == Activation::Relu ? 0 : -INFINITY;
  withWidth<cuda::kPack<X>>({slice.channels, stride}, [&](auto width) {
    const ChannelGrid grid(call, slice.rows, slice.channels, width);
    LAUNCH((normalise<X, R, Y, decltype(width)::value>), grid.blocks(), kBlock, streamOf(call), x,
           stride, residual, y, least, vectors, running, grid);
  });
}

// y of the same type as x, with or without the residual, which is input 5. Prepares it by
// prepare(x), with x's values.
template <class Params, class Prepare>
bool normaliseWhole(const Call& call, const Params& p, const ChannelVectors& vectors,
                    const Prepare& prepare) {
  const Tensor& x = call.inputs[0];
  const Tensor& residual = call.inputs[5];
  const auto activation = static_cast<Activation>(p.activation);
  const Slice all{p.rows, p.channels, p.channels};
  return withFloatType(x.dtype, [&](auto type) {
    using X = decltype(type);
    const auto normaliseWith = [&](const auto* added) {
      prepare(static_cast<const X*>(x.raw()));
      using R = std::remove_const_t<std::remove_pointer_t<decltype(added)>>;
      launchNormalise<X, R, X>(call, all, added, activation, vectors, Running());
      return true;
    };
    if (!residual.exists()) return normaliseWith(static_cast<const void*>(nullptr));
    return withFloatType(residual.dtype, [&](auto added) {
      return normaliseWith(static_cast<const decltype(added)*>(residual.raw()));
    });
  });
}

// From the batch's statistics to what y needs of them and to the running ones.
struct FinishBatch {
  float* mean;
  float* inverseDeviation;
  double epsilon;
  Running running;

  __device__ void operator()(int64_t channel, double batchMean, double batchVariance) const {
    mean[channel] = static_cast<float>(batchMean);
    inverseDeviation[channel] = static_cast<float>(1 / sqrt(batchVariance + epsilon));
    running.blend(channel, batchMean, batchVariance);
  }
};

}  // namespace

// Inputs x, gamma, beta, running mean, running variance, residual; outputs y, and of the batch the
// mean and 1 / sqrt(variance + epsilon). The running statistics change in place.
CNN_CUDA_KERNEL(BatchNormTrain, BatchNormTrainParams) {
  float* mean = valuesOf<float>(call.outputs[1]);
  float* inverseDeviation = valuesOf<float>(call.outputs[2]);
  const ChannelVectors vectors{valuesOf<float>(call.inputs[1]),
                               valuesOf<float>(call.inputs[2]),
                               mean,
                               inverseDeviation,
                               0,
                               true};
  return normaliseWhole(call, params, vectors, [&](const auto* x) {
    const FinishBatch finish{mean, inverseDeviation, static_cast<double>(params.epsilon),
                             Running(call.inputs[3], call.inputs[4], params)};
    computeStatistics(call, x, params.rows, params.channels, CopyTo<void>{}, finish);
    call.inputs[3].storage->version++;
    call.inputs[4].storage->version++;
  });
}

// Inputs x, gamma, beta, mean, variance, residual; output y. Gamma and beta may be missing too.
CNN_CUDA_KERNEL(BatchNormInference, BatchNormInferenceParams) {
  const ChannelVectors vectors = vectorsOf(call, 1, params.epsilon, false);
  return normaliseWhole(call, params, vectors, [](const auto*) {});
}

// Inputs x, gamma, beta, mean, variance and, to take those two in, the running mean and variance;
// output y, of any float type. x is the first `channels` of rows of `stride` channels, mean and
// variance are of at least these.
CNN_CUDA_KERNEL(BatchNormSlice, BatchNormSliceParams) {
  const bool running = call.inputs[5].exists();
  const auto activation = static_cast<Activation>(params.activation);
  const ChannelVectors vectors = vectorsOf(call, 1, params.epsilon, false);
  const Slice slice{params.rows, params.channels, params.stride};
  const Running blended = running ? Running(call.inputs[5], call.inputs[6], params) : Running();
  for (int i = 5; i < 7 && running; i++) call.inputs[i].storage->version++;
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    return withFloatType(call.outputs[0].dtype, [&](auto y) {
      launchNormalise<decltype(x), void, decltype(y)>(
          call, slice, static_cast<const void*>(nullptr), activation, vectors, blended);
      return true;
    });
  });
}

}  // namespace cnn
