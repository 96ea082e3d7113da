#include "divisor.h"
#include "elementwise.h"

namespace cnn {
namespace {

// COUNT neighbours of a row, a pixel of which has CHANNELS values.
template <class T, int CHANNELS, int COUNT>
struct ImageWork {
  static constexpr int kPack = COUNT;
  struct Loaded {
    cuda::Pack<uint8_t, COUNT> bytes;
    uint32_t image, column;
  };

  __device__ Loaded load(int64_t first) const {
    uint32_t column = static_cast<uint32_t>(first);
    const uint32_t image = rows.quotient(columns.divide(column));
    if (mirror[image] == 0) return {cuda::load<uint8_t, COUNT>(bytes + first), image, column};
    const uint8_t* row = bytes + (first - column);
    cuda::Pack<uint8_t, COUNT> mirrored;
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      const uint32_t pixel = (column + i) / CHANNELS, channel = (column + i) % CHANNELS;
      mirrored.values[i] = row[columns.value - (pixel + 1) * CHANNELS + channel];
    }
    return {mirrored, image, column};
  }

  __device__ void store(int64_t first, const Loaded& loaded) const {
    float scale[CHANNELS], shift[CHANNELS];
#pragma unroll
    for (int i = 0; i < CHANNELS; i++) {
      const uint32_t channel = (loaded.column + i) % CHANNELS;
      // No index that is not known to the compiler, which would put them into memory.
      scale[i] = channel == 0 ? p.scale[0] : (channel == 1 ? p.scale[1] : p.scale[2]);
      shift[i] = channel == 0 ? p.shift[0] : (channel == 1 ? p.shift[1] : p.shift[2]);
      shift[i] += offsets[loaded.image * CHANNELS + channel] * (255 * scale[i]);
    }
    cuda::Pack<T, COUNT> results;
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      const float byte = static_cast<float>(loaded.bytes.values[i]);
      results.values[i] = fromFloat<T>(byte * scale[i % CHANNELS] + shift[i % CHANNELS]);
    }
    cuda::store(images + first, results);
  }
  // Rows hold whole packs.
  __device__ void one(int64_t) const {}

  Divisor columns, rows;
  const uint8_t* bytes;
  const int32_t* mirror;
  const float* offsets;
  T* images;
  ImageParams p;
};

template <class T, int CHANNELS, int COUNT>
void convert(const Call& call, const ImageParams& p) {
  const int64_t row = int64_t{p.width} * CHANNELS, image = row * p.height;
  const int64_t atOnce = kMostDivided / image;
  if (atOnce == 0) throw std::runtime_error("expected images of less than 2 GiB");
  for (int64_t i = 0; i < p.batch; i += atOnce) {
    const int64_t count = p.batch - i < atOnce ? p.batch - i : atOnce;
    const ImageWork<T, CHANNELS, COUNT> work{Divisor(row),
                                             Divisor(p.height),
                                             valuesOf<uint8_t>(call.inputs[0]) + i * image,
                                             valuesOf<int32_t>(call.inputs[1]) + i,
                                             valuesOf<float>(call.inputs[2]) + i * CHANNELS,
                                             valuesOf<T>(call.outputs[0]) + i * image,
                                             p};
    launchEachPack(call, work, count * image);
  }
}

template <class T, int CHANNELS>
void convertInPacks(const Call& call, const ImageParams& p) {
  const int64_t row = int64_t{p.width} * CHANNELS;
  if (row % cuda::kPack<T> == 0) return convert<T, CHANNELS, cuda::kPack<T>>(call, p);
  if (row % 4 == 0) return convert<T, CHANNELS, 4>(call, p);
  convert<T, CHANNELS, 1>(call, p);
}

}  // namespace

// Inputs images (N, H, W, C) of bytes, C 1 or 3, mirror (N) and colour offsets (N, C) in [0, 1]
// units.
CNN_CUDA_KERNEL(ImageToFloat, ImageParams) {
  return withFloatType(call.outputs[0].dtype, [&](auto image) {
    using T = decltype(image);
    if (params.channels == 1) {
      convertInPacks<T, 1>(call, params);
    } else {
      convertInPacks<T, 3>(call, params);
    }
    return true;
  });
}

}  // namespace cnn
