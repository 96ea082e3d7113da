// Local response normalisation over channels. Krizhevsky et al. 2012, section 3.3, with the sum
// not divided by the window's size.
#include <cmath>

#include "cpu/loops/parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrainElements = 1 << 13;

// What both directions need of s = bias + alpha Σ x².
struct Powers {
  float power;    // s^-β
  float inverse;  // 1 / s
};

// From y = s^(-1/4) by Newton's method, y' = y (5 - s y⁴) / 4, with a first guess in the exponent
// bits: no division or square root, whose vector forms take several times as long. Within 5e-7.
struct BetaThreeQuarters {
  static inline Powers of(float s, float) {
    int32_t bits;
    std::memcpy(&bits, &s, 4);
    bits = 0x4f584800 - (bits >> 2);
    float y;
    std::memcpy(&y, &bits, 4);
    for (int step = 0; step < 3; step++) {
      float squared = y * y;
      y *= 1.25f - 0.25f * s * (squared * squared);
    }
    float squared = y * y;
    // Newton's method does not find the 0 of an infinite s. A NaN stays one.
    const bool finite = s != __builtin_huge_valf();
    return {zeroUnless(finite, squared * y), zeroUnless(finite, squared * squared)};
  }
};
struct BetaHalf {
  static inline Powers of(float s, float) { return {1 / std::sqrt(s), 1 / s}; }
};
struct BetaAny {
  static inline Powers of(float s, float beta) { return {powf(s, -beta), 1 / s}; }
};

// sums[c] = Σ padded[c … c + 2 radius]; RADIUS -1 stands for any radius.
template <int RADIUS>
inline void windowSums(const float* __restrict padded, float* __restrict sums, int64_t channels,
                       int radius) {
  if (RADIUS == 2) {
    for (int64_t c = 0; c < channels; c++) {
      sums[c] = (padded[c] + padded[c + 1]) + (padded[c + 2] + padded[c + 3]) + padded[c + 4];
    }
    return;
  }
  for (int64_t c = 0; c < channels; c++) sums[c] = padded[c];
  for (int tap = 1; tap <= 2 * radius; tap++) {
    for (int64_t c = 0; c < channels; c++) sums[c] += padded[c + tap];
  }
}

// Row functions take their arrays as parameters: only then does GCC believe __restrict.
template <class T>
void square(const T* __restrict x, float* __restrict squares, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) squares[c] = toFloat(x[c]) * toFloat(x[c]);
}

template <class Beta, class T>
void scaleRow(const T* __restrict x, const float* __restrict sums, T* __restrict y,
              const LrnParams& p) {
  const float bias = p.bias, alpha = p.alpha, beta = p.beta;
  const int64_t channels = p.channels;
  for (int64_t c = 0; c < channels; c++) {
    y[c] = fromFloat<T>(toFloat(x[c]) * Beta::of(bias + alpha * sums[c], beta).power);
  }
}

// direct = dy s^-β, ratios = dy y / s. y = x s^-β is recomputed: more exact than a stored
// bfloat16, and one array less to read.
template <class Beta, class T, class D>
void splitRow(const T* __restrict x, const D* __restrict dy, const float* __restrict sums,
              float* __restrict direct, float* __restrict ratios, const LrnParams& p) {
  const float bias = p.bias, alpha = p.alpha, beta = p.beta;
  const int64_t channels = p.channels;
  for (int64_t c = 0; c < channels; c++) {
    Powers powers = Beta::of(bias + alpha * sums[c], beta);
    float scaled = toFloat(dy[c]) * powers.power;
    direct[c] = scaled;
    ratios[c] = scaled * toFloat(x[c]) * powers.inverse;
  }
}

template <class T, class D>
void joinRow(const T* __restrict x, const float* __restrict direct, const float* __restrict sums,
             D* __restrict dx, float factor, int64_t channels) {
  for (int64_t c = 0; c < channels; c++) {
    dx[c] = fromFloat<D>(direct[c] - factor * toFloat(x[c]) * sums[c]);
  }
}

// A row of floats with `radius` zeros on either side, and one of plain floats.
struct Rows {
  Rows(float* memory, int64_t channels, int radius)
      : padded(memory), middle(memory + radius), plain(memory + channels + 2 * radius) {
    for (int64_t i = 0; i < channels + 2 * radius; i++) padded[i] = 0;
  }
  static int64_t size(const LrnParams& p) { return 2 * (p.channels + int64_t{p.radius}); }
  float* padded;
  float* middle;
  float* plain;
};

template <class T, class Beta, int RADIUS>
void normalise(const Call& call, const LrnParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const int64_t channels = p.channels;
  int parts = partsFor(p.rows, kGrainElements / channels + 1);
  PartScratch<float> scratch(call.context, parts, Rows::size(p));
  parallelParts(parts, p.rows, [&](int part, int64_t begin, int64_t end) {
    Rows rows(scratch.of(part), channels, p.radius);
    for (int64_t at = begin * channels; at < end * channels; at += channels) {
      square(x + at, rows.middle, channels);
      windowSums<RADIUS>(rows.padded, rows.plain, channels, p.radius);
      scaleRow<Beta>(x + at, rows.plain, y + at, p);
    }
  });
}

// dx = dy s^-β - 2 α β x Σ dy y / s, the sum over the window.
template <class T, class D, class Beta, int RADIUS>
void normaliseGradient(const Call& call, const LrnParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  const D* dy = valuesOf<D>(call.inputs[2]);
  D* dx = valuesOf<D>(call.outputs[0]);
  const int64_t channels = p.channels;
  const float factor = 2 * p.alpha * p.beta;
  int parts = partsFor(p.rows, kGrainElements / channels + 1);
  PartScratch<float> scratch(call.context, parts, 2 * Rows::size(p));
  parallelParts(parts, p.rows, [&](int part, int64_t begin, int64_t end) {
    Rows first(scratch.of(part), channels, p.radius);
    Rows second(scratch.of(part) + Rows::size(p), channels, p.radius);
    for (int64_t at = begin * channels; at < end * channels; at += channels) {
      square(x + at, first.middle, channels);
      windowSums<RADIUS>(first.padded, first.plain, channels, p.radius);
      splitRow<Beta>(x + at, dy + at, first.plain, second.plain, second.middle, p);
      windowSums<RADIUS>(second.padded, first.plain, channels, p.radius);
      joinRow(x + at, second.plain, first.plain, dx + at, factor, channels);
    }
  });
}

// Calls body with the two compile-time choices that a layer's settings make.
template <class Body>
bool withSettings(const LrnParams& p, const Body& body) {
  auto withBeta = [&](auto radius) {
    if (p.beta == 0.75f) {
      body(BetaThreeQuarters{}, radius);
    } else if (p.beta == 0.5f) {
      body(BetaHalf{}, radius);
    } else {
      body(BetaAny{}, radius);
    }
  };
  if (p.radius == 2) {
    withBeta(std::integral_constant<int, 2>{});
  } else {
    withBeta(std::integral_constant<int, -1>{});
  }
  return true;
}

}  // namespace

CNN_KERNEL(LRN, LrnParams) {
  if (params.bias >= 1 && params.alpha >= 0 && params.beta >= 0) {
    keepBound(&call.inputs[0], 1, call.outputs[0]);
  }
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    return withSettings(params, [&](auto beta, auto radius) {
      normalise<decltype(x), decltype(beta), decltype(radius)::value>(call, params);
    });
  });
}

// Inputs x, y, dy; y is not read.
CNN_KERNEL(LRNGrad, LrnParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    return withFloatType(call.inputs[2].dtype, [&](auto dy) {
      return withSettings(params, [&](auto beta, auto radius) {
        normaliseGradient<decltype(x), decltype(dy), decltype(beta), decltype(radius)::value>(
            call, params);
      });
    });
  });
}

}  // namespace cnn
