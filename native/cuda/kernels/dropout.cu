#include "common/philox.h"
#include "elementwise.h"

namespace cnn {
namespace {

// A counter of philox draws four elements.
struct DropoutOf {
  template <class T, int COUNT>
  __device__ void changePack(int64_t first, T (&values)[COUNT]) const {
#pragma unroll
    for (int i = 0; i < COUNT; i += 4) {
      if (p.first % 4 != 0) {
#pragma unroll
        for (int j = 0; j < 4; j++) values[i + j] = changed(first + i + j, values[i + j]);
        continue;
      }
      const Words4 words = draw(p.first + first + i);
#pragma unroll
      for (int j = 0; j < 4; j++) values[i + j] = drop(values[i + j], words.word[j]);
    }
  }
  template <class T>
  __device__ T changed(int64_t i, T value) const {
    return drop(value, draw(p.first + i).word[(p.first + i) % 4]);
  }

  __device__ Words4 draw(int64_t i) const {
    return philox4x32(static_cast<uint32_t>(i / 4), static_cast<uint32_t>(p.step),
                      static_cast<uint32_t>(p.layer), 0, static_cast<uint32_t>(p.seed),
                      kDropoutPurpose);
  }
  // A product, not a choice: what is dropped of NaN and infinity is NaN, as in PyTorch.
  template <class T>
  __device__ T drop(T value, uint32_t word) const {
    const float factor = word >= static_cast<uint32_t>(p.threshold) ? p.scale : 0.0f;
    return fromFloat<T>(toFloat(value) * factor);
  }
  DropoutParams p;
};

}  // namespace

CNN_CUDA_KERNEL(Dropout, DropoutParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto zero) {
    launchWithPlaces<decltype(zero)>(call, DropoutOf{params});
    return true;
  });
}

}  // namespace cnn
