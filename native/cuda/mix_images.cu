#include "elementwise.h"

namespace cnn {
namespace {

template <class T>
struct MixWork {
  static constexpr int kPack = packOf<T>();
  using Loaded = cuda::Pack<T, kPack>;
  __device__ Loaded load(int64_t first) const { return cuda::load<T, kPack>(images + first); }
  __device__ void store(int64_t first, Loaded values) const {
#pragma unroll
    for (int i = 0; i < kPack; i++) values.values[i] = mix(first + i, values.values[i]);
    cuda::store(mixed + first, values);
  }
  __device__ void one(int64_t i) const { mixed[i] = mix(i, images[i]); }

  __device__ T mix(int64_t i, T own) const {
    const int64_t image = i / size;
    const int32_t place = static_cast<int32_t>(i - image * size);
    const int32_t pixel = place / p.channels, x = pixel % p.width, y = pixel / p.width;
    const int32_t* box = rows + 5 * image;
    if (x < box[1] || x >= box[3] || y < box[2] || y >= box[4]) return own;
    const float kept = shares[image] * toFloat(own);
    if (box[0] < 0) return fromFloat<T>(kept);
    return fromFloat<T>(kept + (1 - shares[image]) * toFloat(images[box[0] * size + place]));
  }
  const T* images;
  const int32_t* rows;
  const float* shares;
  T* mixed;
  int64_t size;  // values of an image
  MixImagesParams p;
};

}  // namespace

// Inputs images (N, H, W, C), rows (N, 5) of the other image, or -1 for zeros, and left, top, right
// and bottom of the box, and shares (N) of the image itself within its box.
CNN_CUDA_KERNEL(MixImages, MixImagesParams) {
  const Tensor& images = call.inputs[0];
  const Tensor& mixed = call.outputs[0];
  if (images.dtype != mixed.dtype) return false;
  if (call.inputs[1].dtype != DType::Int32 || call.inputs[2].dtype != DType::Float32) return false;
  const int64_t size = int64_t{params.height} * params.width * params.channels;
  return withFloatType(images.dtype, [&](auto zero) {
    using T = decltype(zero);
    const MixWork<T> work{valuesOf<T>(images),
                          valuesOf<int32_t>(call.inputs[1]),
                          valuesOf<float>(call.inputs[2]),
                          valuesOf<T>(mixed),
                          size,
                          params};
    launchEachPack(call, work, mixed.size);
    return true;
  });
}

}  // namespace cnn
