// The loops over the pixels of an image, for one instruction set.
#pragma once
#include <cstdint>

#include "kernel.h"

namespace cnn {

// New levels for each channel of an image.
using LevelTables = uint8_t[3][256];
// How often each channel has each level.
using Histograms = uint32_t[3][256];

// Bytes after the source of `warp` that are read but do not count.
constexpr int kWarpSlack = 4;

struct AugmentLoops {
  // Turns rows of `width` pixels left to right.
  void (*mirror)(uint8_t* pixels, int width, int height, int channels);
  void (*relevel)(uint8_t* pixels, int64_t count, int channels, const LevelTables& tables);
  // Sets the counts of the image's channels.
  void (*count)(const uint8_t* pixels, int64_t count, int channels, Histograms& histograms);
  // The sum of the levels of grey of a colour image.
  int64_t (*sumLuma)(const uint8_t* pixels, int64_t count);
  // Of colour images: away from grey by `factor`; hue turned by `shift` of 256.
  void (*saturate)(uint8_t* pixels, int64_t count, float factor);
  void (*turnHue)(uint8_t* pixels, int64_t count, uint8_t shift);
  // Away from `source` smoothed by `factor`, but for the pixels at the border.
  void (*sharpen)(const uint8_t* source, int width, int height, int channels, float factor,
                  uint8_t* out);
  // Pixel (x, y) is that of the source at (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]),
  // bilinear, and 0 where that is outside.
  void (*warp)(const uint8_t* source, int width, int height, int channels, const double* matrix,
               uint8_t* out);
  // Adds a share of an image to a sum of such shares, and makes an image of the sum, which is cut
  // off.
  void (*addShare)(const uint8_t* pixels, int64_t bytes, float share, float* sum);
  void (*endSum)(const float* sum, int64_t bytes, uint8_t* pixels);
};

const AugmentLoops& augmentLoopsFor(Isa isa);

}  // namespace cnn
