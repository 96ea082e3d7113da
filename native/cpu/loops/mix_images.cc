// A box of each image mixed with another image, or with zeros, which erases it.
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kRowsGrain = 32;

void expectBox(const int32_t* box, const MixImagesParams& p) {
  if (box[0] < p.batch && box[1] >= 0 && box[3] <= p.width) return;
  throw std::runtime_error("an image is mixed with one that is not in the batch");
}

template <class T>
void mix(const Call& call, const MixImagesParams& p) {
  const T* images = valuesOf<T>(call.inputs[0]);
  const int32_t* rows = valuesOf<int32_t>(call.inputs[1]);
  const float* shares = valuesOf<float>(call.inputs[2]);
  T* mixed = valuesOf<T>(call.outputs[0]);
  for (int64_t image = 0; image < p.batch; image++) expectBox(rows + 5 * image, p);
  const int64_t size = int64_t{p.width} * p.channels;
  parallelFor(int64_t{p.batch} * p.height, kRowsGrain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t image = row / p.height, y = row % p.height;
      const int32_t* box = rows + 5 * image;
      const T* __restrict own = images + row * size;
      T* __restrict out = mixed + row * size;
      std::memcpy(out, own, size * sizeof(T));
      if (y < box[2] || y >= box[4]) continue;
      const float share = shares[image];
      const int64_t left = int64_t{box[1]} * p.channels, right = int64_t{box[3]} * p.channels;
      if (box[0] < 0) {
        for (int64_t i = left; i < right; i++) out[i] = fromFloat<T>(share * toFloat(own[i]));
        continue;
      }
      const T* __restrict other = images + (box[0] * int64_t{p.height} + y) * size;
      for (int64_t i = left; i < right; i++) {
        out[i] = fromFloat<T>(share * toFloat(own[i]) + (1 - share) * toFloat(other[i]));
      }
    }
  });
}

}  // namespace

// Inputs images (N, H, W, C), rows (N, 5) of the other image, or -1 for zeros, and left, top, right
// and bottom of the box, and shares (N) of the image itself within its box.
CNN_KERNEL(MixImages, MixImagesParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto image) {
    mix<decltype(image)>(call, params);
    return true;
  });
}

}  // namespace cnn
