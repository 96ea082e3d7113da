// What batch normalisation multiplies and adds in each channel.
#pragma once
#include <cmath>

#include "cuda/kernels/channel_grid.h"

namespace cnn {
namespace {

// The vectors of a normalisation, each of all channels. Missing gamma and beta are 1 and 0.
struct ChannelVectors {
  const float* gamma;
  const float* beta;
  const float* mean;
  const float* variance;  // or with `inverted` 1 / sqrt(variance + epsilon)
  float epsilon;
  bool inverted;

  __device__ float inverseOf(float value) const {
    return inverted ? value : 1 / sqrtf(value + epsilon);
  }
};

// Those of a call: gamma, beta, mean and variance from input `first` on.
inline ChannelVectors vectorsOf(const Call& call, size_t first, float epsilon, bool inverted) {
  const auto vector = [&](size_t which) { return valuesOf<float>(call.inputs[first + which]); };
  return {vector(0), vector(1), vector(2), vector(3), epsilon, inverted};
}

// Those of a pack.
template <int WIDTH>
struct Coefficients {
  float mean[WIDTH], scale[WIDTH], shift[WIDTH];

  __device__ Coefficients(const ChannelVectors& of, int32_t pack) {
    loadChannels(of.mean, pack, mean);
    loadChannels(of.variance, pack, scale);
#pragma unroll
    for (int c = 0; c < WIDTH; c++) scale[c] = of.inverseOf(scale[c]);
    if (of.gamma != nullptr) {
      float gamma[WIDTH];
      loadChannels(of.gamma, pack, gamma);
#pragma unroll
      for (int c = 0; c < WIDTH; c++) scale[c] *= gamma[c];
    }
#pragma unroll
    for (int c = 0; c < WIDTH; c++) shift[c] = 0;
    if (of.beta != nullptr) loadChannels(of.beta, pack, shift);
  }
  // One function for both directions, so that they agree on which values a ReLU lets through.
  __device__ float normalised(float x, int channel) const {
    return fmaf(x - mean[channel], scale[channel], shift[channel]);
  }
};

// Running statistics keep the share `momentum`; the batch's variance counts `correction` times.
struct Running {
  float* mean = nullptr;
  float* variance = nullptr;
  double momentum = 0, correction = 1;

  Running() = default;
  template <class Params>
  Running(const Tensor& mean, const Tensor& variance, const Params& p)
      : mean(valuesOf<float>(mean)),
        variance(valuesOf<float>(variance)),
        momentum(p.momentum),
        // The unbiased variance of one row does not exist.
        correction(p.unbiased != 0 && p.rows > 1 ? p.rows / (p.rows - 1.0) : 1) {}

  __device__ void blend(int64_t channel, double batchMean, double batchVariance) const {
    const double added = 1 - momentum;
    mean[channel] = static_cast<float>(mean[channel] * momentum + batchMean * added);
    variance[channel] =
        static_cast<float>(variance[channel] * momentum + batchVariance * (added * correction));
  }
};

}  // namespace
}  // namespace cnn
