// What the 1×1 convolutions share: which ones these kernels take.
#pragma once
#include "common/single_pixels.h"
#include "cpu/compute_type.h"
#include "cpu/loops/to_bf16.h"
#include "matrix_tile.h"

namespace cnn {
namespace {

// With fewer channels copying costs more than multiplying.
constexpr int kMinPointwiseChannels = 16;
// For values stored as bfloat16: this kernel widens them on their way into the second cache, oneDNN
// needs them widened in main memory. That makes this kernel 1.05 to 1.5 times as fast from 28×28
// pixels in batches of 16 on; it is slower at 7×7, and for float32, where oneDNN's products are no
// slower than ours.
constexpr int64_t kMinPointwisePixels = 8192;

inline bool readsWidePixels(const ConvParams& p) {
  return readsSinglePixels(p) && p.groups == 1 && p.inChannels >= kMinPointwiseChannels &&
         p.outChannels >= kMinPointwiseChannels;
}

inline bool widensInCache(const Call& call, const ConvParams& p, DType storage) {
  if (call.chosen) return true;
  return storage == DType::BFloat16 && pixelsOf(p) >= kMinPointwisePixels;
}

inline void widen(const float* __restrict from, float* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = from[i];
}
inline void widen(const bf16* __restrict from, float* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = toFloat(from[i]);
}

}  // namespace
}  // namespace cnn
