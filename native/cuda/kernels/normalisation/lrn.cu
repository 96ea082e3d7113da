// Local response normalisation over channels. Krizhevsky et al. 2012, section 3.3, with the sum not
// divided by the window's size.
#include <cmath>

#include "cuda/kernels/pixel_grid.h"

namespace cnn {
namespace {

__device__ inline float inverseRoot(float value) {
#ifdef __CUDA_ARCH__
  return rsqrtf(value);
#else
  return 1 / std::sqrt(value);
#endif
}

// What both directions need of s = bias + alpha Σ x².
struct Powers {
  float power;    // s^-β
  float inverse;  // 1 / s
};
struct BetaThreeQuarters {
  __device__ static Powers of(float s, float) {
    const float root = inverseRoot(s);
    return {root * sqrtf(root), root * root};
  }
};
struct BetaHalf {
  __device__ static Powers of(float s, float) {
    const float root = inverseRoot(s);
    return {root, root * root};
  }
};
struct BetaAny {
  __device__ static Powers of(float s, float beta) { return {powf(s, -beta), 1 / s}; }
};

// Loads WIDTH channels and HALO on either side, where zeros stand for those that are missing.
template <int HALO, int WIDTH, class T>
__device__ inline void loadAround(const T* row, int32_t channel, int32_t channels,
                                  float (&to)[WIDTH + 2 * HALO]) {
  constexpr int kStep = HALO % 4 == 0 && WIDTH % 4 == 0 ? 4 : (WIDTH % 2 == 0 ? 2 : 1);
  const auto middle = cuda::load<T, WIDTH>(row + channel);
  cuda::Pack<T, kStep> sides[2 * HALO / kStep] = {};
#pragma unroll
  for (int i = 0; i < HALO; i += kStep) {
    const int32_t left = channel - HALO + i, right = channel + WIDTH + i;
    if (left >= 0) sides[i / kStep] = cuda::load<T, kStep>(row + left);
    if (right < channels) sides[(HALO + i) / kStep] = cuda::load<T, kStep>(row + right);
  }
#pragma unroll
  for (int i = 0; i < HALO; i++) {
    to[i] = toFloat(sides[i / kStep].values[i % kStep]);
    to[HALO + WIDTH + i] = toFloat(sides[(HALO + i) / kStep].values[i % kStep]);
  }
#pragma unroll
  for (int c = 0; c < WIDTH; c++) to[HALO + c] = toFloat(middle.values[c]);
}

// The sum of five neighbours.
__device__ inline float sumOfFive(const float* of) {
  return (of[0] + of[1]) + (of[2] + of[3]) + of[4];
}

// AlexNet's windows, of two channels on either side: a thread keeps all that it needs.
template <class Beta, class T, int WIDTH>
__global__ void __launch_bounds__(kBlock)
    normaliseFive(const T* x, T* y, LrnParams p, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const int32_t channel = pixel.pack * WIDTH;
  const int64_t row = pixel.image * p.channels;
  float values[WIDTH + 4], squares[WIDTH + 4], results[WIDTH];
  loadAround<2, WIDTH>(x + row, channel, p.channels, values);
#pragma unroll
  for (int i = 0; i < WIDTH + 4; i++) squares[i] = values[i] * values[i];
#pragma unroll
  for (int c = 0; c < WIDTH; c++) {
    const float s = p.bias + p.alpha * sumOfFive(squares + c);
    results[c] = values[c + 2] * Beta::of(s, p.beta).power;
  }
  storeFloats(y + row + channel, results);
}

// dx = dy s^-β - 2 α β x Σ dy y / s, the sum over the window. y = x s^-β is recomputed: more exact
// than a stored bfloat16, and one array less to read.
template <class Beta, class T, class D, int WIDTH>
__global__ void __launch_bounds__(kBlock)
    gradientOfFive(const T* x, const D* dy, D* dx, LrnParams p, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const int32_t channel = pixel.pack * WIDTH;
  const int64_t row = pixel.image * p.channels;
  float values[WIDTH + 8], gradients[WIDTH + 4], squares[WIDTH + 8];
  loadAround<4, WIDTH>(x + row, channel, p.channels, values);
  loadAround<2, WIDTH>(dy + row, channel, p.channels, gradients);
#pragma unroll
  for (int i = 0; i < WIDTH + 8; i++) squares[i] = values[i] * values[i];
  float direct[WIDTH + 4], ratios[WIDTH + 4], results[WIDTH];
#pragma unroll
  for (int i = 0; i < WIDTH + 4; i++) {
    const Powers powers = Beta::of(p.bias + p.alpha * sumOfFive(squares + i), p.beta);
    direct[i] = gradients[i] * powers.power;
    const int32_t at = channel + i - 2;
    ratios[i] = at >= 0 && at < p.channels ? direct[i] * values[i + 2] * powers.inverse : 0;
  }
  const float factor = 2 * p.alpha * p.beta;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) {
    results[c] = direct[c + 2] - factor * values[c + 4] * sumOfFive(ratios + c);
  }
  storeFloats(dx + row + channel, results);
}

// The sum of value(c) over the window of a channel.
template <class Value>
__device__ inline float sumOfWindow(int32_t channel, const LrnParams& p, const Value& value) {
  const int32_t first = channel - p.radius, last = channel + p.radius;
  float sum = 0;
  for (int32_t c = first < 0 ? 0 : first; c <= last && c < p.channels; c++) sum += value(c);
  return sum;
}
template <class Beta, class T>
__device__ inline Powers powersAt(const T* row, int32_t channel, const LrnParams& p) {
  const float sum = sumOfWindow(channel, p, [&](int32_t c) {
    const float value = toFloat(row[c]);
    return value * value;
  });
  return Beta::of(p.bias + p.alpha * sum, p.beta);
}

// Windows of any radius, a channel to a thread.
template <class Beta, class T>
__global__ void __launch_bounds__(kBlock)
    normaliseWindows(const T* x, T* y, LrnParams p, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const T* row = x + pixel.image * p.channels;
  const Powers powers = powersAt<Beta>(row, pixel.pack, p);
  y[pixel.image * p.channels + pixel.pack] = fromFloat<T>(toFloat(row[pixel.pack]) * powers.power);
}

// dy y / s, whose window's sum the gradient has.
template <class Beta, class T, class D>
__global__ void __launch_bounds__(kBlock)
    ratiosOfWindows(const T* x, const D* dy, float* ratios, LrnParams p, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const T* row = x + pixel.image * p.channels;
  const Powers powers = powersAt<Beta>(row, pixel.pack, p);
  const int64_t at = pixel.image * p.channels + pixel.pack;
  ratios[at] = toFloat(dy[at]) * powers.power * toFloat(row[pixel.pack]) * powers.inverse;
}

template <class Beta, class T, class D>
__global__ void __launch_bounds__(kBlock)
    gradientOfWindows(const T* x, const D* dy, const float* ratios, D* dx, LrnParams p,
                      PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const int64_t first = pixel.image * p.channels, at = first + pixel.pack;
  const Powers powers = powersAt<Beta>(x + first, pixel.pack, p);
  const float sum =
      sumOfWindow(pixel.pack, p, [&](int32_t channel) { return ratios[first + channel]; });
  const float own = toFloat(dy[at]) * powers.power;
  dx[at] = fromFloat<D>(own - 2 * p.alpha * p.beta * toFloat(x[at]) * sum);
}

template <class Beta, class T>
void normalise(const Call& call, const LrnParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const LrnParams params = p;
  if (p.radius != 2) {
    const PixelGrid grid(p.rows, 1, 1, p.channels);
    LAUNCH((normaliseWindows<Beta, T>), grid.blocks(), kBlock, streamOf(call), x, y, params, grid);
    return;
  }
  withWidth<cuda::kPack<T>>({p.channels}, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    const PixelGrid grid(p.rows, 1, 1, p.channels / kWidth);
    LAUNCH((normaliseFive<Beta, T, kWidth>), grid.blocks(), kBlock, streamOf(call), x, y, params,
           grid);
  });
}

template <class Beta, class T, class D>
void gradient(const Call& call, const LrnParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  const D* dy = valuesOf<D>(call.inputs[2]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const LrnParams params = p;
  const auto stream = streamOf(call);
  if (p.radius != 2) {
    const auto count = static_cast<size_t>(call.inputs[0].size);
    auto* ratios = static_cast<float*>(call.context.scratchMemory(count * sizeof(float)));
    const PixelGrid grid(p.rows, 1, 1, p.channels);
    LAUNCH((ratiosOfWindows<Beta, T, D>), grid.blocks(), kBlock, stream, x, dy, ratios, params,
           grid);
    LAUNCH((gradientOfWindows<Beta, T, D>), grid.blocks(), kBlock, stream, x, dy, ratios, dx,
           params, grid);
    return;
  }
  constexpr int kWidest = std::max(cuda::kPack<T>, cuda::kPack<D>);
  withWidth<kWidest>({p.channels}, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    const PixelGrid grid(p.rows, 1, 1, p.channels / kWidth);
    LAUNCH((gradientOfFive<Beta, T, D, kWidth>), grid.blocks(), kBlock, stream, x, dy, dx, params,
           grid);
  });
}

// Calls body with what computes the powers for a layer's beta.
template <class Body>
bool withBeta(const LrnParams& p, const Body& body) {
  if (p.beta == 0.75f) {
    body(BetaThreeQuarters{});
  } else if (p.beta == 0.5f) {
    body(BetaHalf{});
  } else {
    body(BetaAny{});
  }
  return true;
}

}  // namespace

CNN_CUDA_KERNEL(LRN, LrnParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    return withBeta(params,
                    [&](auto beta) { normalise<decltype(beta), decltype(x)>(call, params); });
  });
}

// Inputs x, y, dy; y is not read.
CNN_CUDA_KERNEL(LRNGrad, LrnParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    return withFloatType(call.inputs[2].dtype, [&](auto dy) {
      return withBeta(params, [&](auto beta) {
        gradient<decltype(beta), decltype(x), decltype(dy)>(call, params);
      });
    });
  });
}

}  // namespace cnn
