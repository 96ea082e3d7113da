#include "elementwise.h"

namespace cnn {
namespace {

template <class T>
struct MixOf {
  template <int COUNT>
  __device__ void changePack(int64_t first, T (&values)[COUNT]) const {
#pragma unroll
    for (int i = 0; i < COUNT; i++) values[i] = changed(first + i, values[i]);
  }
  __device__ T changed(int64_t i, T own) const {
    const int64_t image = i / size;
    const int32_t place = static_cast<int32_t>(i - image * size);
    const int32_t pixel = place / p.channels, x = pixel % p.width, y = pixel / p.width;
    const int32_t* box = rows + 5 * image;
    if (x < box[1] || x >= box[3] || y < box[2] || y >= box[4]) return own;
    if (box[0] >= p.batch) {
      faults[static_cast<int>(Fault::MixedRowTooLarge)] = 1;
      return own;
    }
    const float kept = shares[image] * toFloat(own);
    if (box[0] < 0) return fromFloat<T>(kept);
    return fromFloat<T>(kept + (1 - shares[image]) * toFloat(images[box[0] * size + place]));
  }
  const T* images;
  const int32_t* rows;
  const float* shares;
  int64_t size;  // values of an image
  MixImagesParams p;
  int32_t* faults;
};

}  // namespace

// Inputs images (N, H, W, C), rows (N, 5) of the other image, or -1 for zeros, and left, top, right
// and bottom of the box, and shares (N) of the image itself within its box.
CNN_CUDA_KERNEL(MixImages, MixImagesParams) {
  const int64_t size = int64_t{params.height} * params.width * params.channels;
  return withFloatType(call.inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    launchWithPlaces<T>(
        call, MixOf<T>{valuesOf<T>(call.inputs[0]), valuesOf<int32_t>(call.inputs[1]),
                       valuesOf<float>(call.inputs[2]), size, params, call.context.gpu->faults});
    return true;
  });
}

}  // namespace cnn
