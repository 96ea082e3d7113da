// The pixels of images, of which each thread takes a pack of channels of one.
#pragma once
#include "divisor.h"
#include "packs.h"

namespace cnn {

struct Pixel {
  int32_t row, column, pack;
  int64_t image;
};

// Some images are a slab of blocks, so that a place within one has 32 bits.
class PixelGrid {
 public:
  static constexpr int64_t kSlab = 1 << 20;  // packs

  PixelGrid(int32_t batch, int32_t height, int32_t width, int32_t packs)
      : packs_(packs),
        width_(width),
        height_(height),
        batch_(batch),
        packsOfImage_(int64_t{height} * width * packs),
        images_(static_cast<int32_t>(
            std::clamp(kSlab / std::max(packsOfImage_, int64_t{1}), int64_t{1}, int64_t{batch}))) {}

  // False for images of more packs than 31 bits count.
  bool fits() const { return packsOfImage_ < int64_t{1} << 31; }
  dim3 blocks() const {
    return dim3(static_cast<unsigned>((images_ * packsOfImage_ + kBlock - 1) / kBlock),
                static_cast<unsigned>((batch_ + images_ - 1) / images_));
  }

  // Whether the thread has a pixel, and which.
  __device__ bool find(Pixel& pixel) const {
    const uint32_t at = blockIdx.x * kBlock + threadIdx.x;
    const uint32_t all = packs_.quotient(at), rows = width_.quotient(all);
    const uint32_t image = height_.quotient(rows);
    pixel.pack = static_cast<int32_t>(at - all * packs_.value);
    pixel.column = static_cast<int32_t>(all - rows * width_.value);
    pixel.row = static_cast<int32_t>(rows - image * height_.value);
    pixel.image = int64_t{blockIdx.y} * images_ + image;
    return image < static_cast<uint32_t>(images_) && pixel.image < batch_;
  }

 private:
  Divisor packs_, width_, height_;
  int32_t batch_;
  int64_t packsOfImage_;
  int32_t images_;  // of a slab
};

// Calls launch(from, to, width, grid) with the first input and output, which are of one type, the
// width of packs of their channels as a constant, and the pixels of images. False where those are
// too many.
template <class Launch>
bool onPixels(const Call& call, int32_t batch, int32_t height, int32_t width, int32_t channels,
              const Launch& launch) {
  return withFloatType(call.inputs[0].dtype, [&](auto type) {
    using T = decltype(type);
    return withWidth<cuda::kPack<T>>({channels}, [&](auto packed) {
      const PixelGrid grid(batch, height, width, channels / packed);
      if (!grid.fits()) return false;
      const T* from = valuesOf<T>(call.inputs[0]);
      launch(from, valuesOf<T>(call.outputs[0]), packed, grid);
      return true;
    });
  });
}

}  // namespace cnn
