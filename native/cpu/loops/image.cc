// Bytes to normalised floats in one pass, with colour offsets and mirroring where asked.
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kRowsGrain = 32;

// out = bytes * scale + shift, a row of `width` pixels as one plain loop over tables of its length.
template <class T>
void convertRow(const uint8_t* __restrict bytes, const float* __restrict scale,
                const float* __restrict shift, int64_t size, T* __restrict out) {
  for (int64_t i = 0; i < size; i++) {
    out[i] = fromFloat<T>(static_cast<float>(bytes[i]) * scale[i] + shift[i]);
  }
}

template <int CHANNELS>
void mirrorRow(const uint8_t* __restrict bytes, int64_t width, uint8_t* __restrict out) {
  for (int64_t x = 0; x < width; x++) {
    for (int c = 0; c < CHANNELS; c++) {
      out[x * CHANNELS + c] = bytes[(width - 1 - x) * CHANNELS + c];
    }
  }
}

// A pixel's values over a row of `size` elements.
void repeatPixel(const float* pixel, int channels, int64_t size, float* __restrict out) {
  for (int64_t i = 0; i < size; i++) out[i] = pixel[i % channels];
}

template <class T>
void convert(const Call& call, const ImageParams& p) {
  const uint8_t* bytes = valuesOf<uint8_t>(call.inputs[0]);
  const int32_t* mirror = valuesOf<int32_t>(call.inputs[1]);
  const float* offsets = valuesOf<float>(call.inputs[2]);
  T* images = valuesOf<T>(call.outputs[0]);
  const int64_t rowSize = int64_t{p.width} * p.channels;
  const int64_t rows = int64_t{p.batch} * p.height;
  int parts = partsFor(rows, kRowsGrain);
  // Part 0 holds the table of scales; the others the shifts of an image and one mirrored row each.
  PartScratch<float> scratch(call.context, parts + 1, 2 * rowSize);
  float* scale = scratch.of(0);
  repeatPixel(p.scale, p.channels, rowSize, scale);
  parallelParts(parts, rows, [&](int part, int64_t begin, int64_t end) {
    float* shift = scratch.of(part + 1);
    uint8_t* mirrored = reinterpret_cast<uint8_t*>(shift + rowSize);
    for (int64_t row = begin; row < end; row++) {
      const int64_t image = row / p.height;
      if (row == begin || row % p.height == 0) {
        float pixel[3] = {};
        for (int c = 0; c < p.channels; c++) {
          pixel[c] = p.shift[c] + offsets[image * p.channels + c] * (255 * p.scale[c]);
        }
        repeatPixel(pixel, p.channels, rowSize, shift);
      }
      const uint8_t* source = bytes + row * rowSize;
      if (mirror[image] != 0) {
        p.channels == 1 ? mirrorRow<1>(source, p.width, mirrored)
                        : mirrorRow<3>(source, p.width, mirrored);
        source = mirrored;
      }
      convertRow(source, scale, shift, rowSize, images + row * rowSize);
    }
  });
}

}  // namespace

// Inputs images (N, H, W, C) of bytes, C 1 or 3, mirror (N) and colour offsets (N, C) in [0, 1]
// units.
CNN_KERNEL(ImageToFloat, ImageParams) {
  return withFloatType(call.outputs[0].dtype, [&](auto image) {
    convert<decltype(image)>(call, params);
    return true;
  });
}

}  // namespace cnn
