// Compiled once per instruction set, like cpu/loops: no inline function that other files have too,
// and so no std containers. The arithmetic is Pillow's, without fused multiplication and addition.
#include "augment/loops.h"

#include <cstring>

#include "common/luma.h"

namespace cnn {
namespace {

// Pillow's Image.blend, which cuts off and does not round.
inline uint8_t blend(int from, int to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(static_cast<int>(value < 0 ? 0 : (value > 255 ? 255 : value)));
}

template <int CHANNELS>
void mirrorRows(uint8_t* pixels, int width, int height) {
  for (int y = 0; y < height; y++, pixels += int64_t{width} * CHANNELS) {
    for (int left = 0, right = width - 1; left < right; left++, right--) {
      for (int c = 0; c < CHANNELS; c++) {
        const uint8_t byte = pixels[left * CHANNELS + c];
        pixels[left * CHANNELS + c] = pixels[right * CHANNELS + c];
        pixels[right * CHANNELS + c] = byte;
      }
    }
  }
}

void mirror(uint8_t* pixels, int width, int height, int channels) {
  channels == 1 ? mirrorRows<1>(pixels, width, height) : mirrorRows<3>(pixels, width, height);
}

void relevel(uint8_t* pixels, int64_t count, int channels, const LevelTables& tables) {
  if (channels == 1) {
    for (int64_t i = 0; i < count; i++) pixels[i] = tables[0][pixels[i]];
    return;
  }
  for (int64_t i = 0; i < 3 * count; i += 3) {
    for (int c = 0; c < 3; c++) pixels[i + c] = tables[c][pixels[i + c]];
  }
}

void countLevels(const uint8_t* pixels, int64_t count, int channels, Histograms& histograms) {
  std::memset(histograms, 0, sizeof(histograms));
  for (int64_t i = 0; i < count; i++) {
    for (int c = 0; c < channels; c++) histograms[c][pixels[i * channels + c]]++;
  }
}

int64_t sumLuma(const uint8_t* pixels, int64_t count) {
  // Sums of 32 bits hold a part of 2^16 pixels.
  constexpr int64_t kPart = 1 << 16;
  int64_t sum = 0;
  for (int64_t begin = 0; begin < count; begin += kPart) {
    const int64_t end = count - begin < kPart ? count : begin + kPart;
    int32_t part = 0;
    for (int64_t i = begin; i < end; i++) {
      part += luma(pixels + 3 * i);
    }
    sum += part;
  }
  return sum;
}

void saturate(uint8_t* pixels, int64_t count, float factor) {
  for (int64_t i = 0; i < count; i++) {
    uint8_t* pixel = pixels + 3 * i;
    const int red = pixel[0], green = pixel[1], blue = pixel[2];
    const int grey = luma(pixel);
    pixel[0] = blend(grey, red, factor);
    pixel[1] = blend(grey, green, factor);
    pixel[2] = blend(grey, blue, factor);
  }
}

// Pillow's convert("HSV"): hue and saturation of 256 steps; the value is the largest channel.
inline void toHueAndSaturation(int red, int green, int blue, int largest, int* hue,
                               int* saturation) {
  const int lower = red < green ? red : green;
  const int smallest = blue < lower ? blue : lower;
  // Without colour the quotients do not matter.
  const bool grey = smallest == largest;
  const float range = static_cast<float>(grey ? 1 : largest - smallest);
  const float share = range / static_cast<float>(grey ? 1 : largest);
  const float fromRed = static_cast<float>(largest - red) / range;
  const float fromGreen = static_cast<float>(largest - green) / range;
  const float fromBlue = static_cast<float>(largest - blue) / range;
  const float ofRed = fromBlue - fromGreen;
  const float ofGreen = static_cast<float>(2.0 + fromRed - fromBlue);
  const float ofBlue = static_cast<float>(4.0 + fromGreen - fromRed);
  const float sector = red == largest ? ofRed : (green == largest ? ofGreen : ofBlue);
  const double turned = sector / 6.0 + 1.0;
  const float turn = static_cast<float>(turned >= 1 ? turned - 1 : turned);
  *hue = grey ? 0 : static_cast<int>(turn * 255.0);
  *saturation = grey ? 0 : static_cast<int>(share * 255.0);
}

// Rounds a positive number as C's round.
inline int nearest(double value) { return static_cast<int>(value + 0.5); }

// Pillow's convert("RGB") of hue, saturation and value.
inline void fromHue(int hue, int saturation, int value, uint8_t* pixel) {
  const float place = static_cast<float>(static_cast<float>(hue) * 6.0 / 255.0);
  const int sector = static_cast<int>(place);
  const float rest = static_cast<float>(static_cast<float>(hue) * 6.0 / 255.0 - sector);
  const float share = static_cast<float>(static_cast<float>(saturation) / 255.0);
  const int low = nearest(value * (1.0 - share));
  const int falling = nearest(value * (1.0 - share * rest));
  const int rising = nearest(value * (1.0 - share * (1.0 - rest)));
  const int turn = sector % 6;
  pixel[0] = turn == 0 || turn == 5 ? value : (turn == 1 ? falling : (turn == 4 ? rising : low));
  pixel[1] = turn == 1 || turn == 2 ? value : (turn == 3 ? falling : (turn == 0 ? rising : low));
  pixel[2] = turn == 3 || turn == 4 ? value : (turn == 5 ? falling : (turn == 2 ? rising : low));
}

void turnHue(uint8_t* pixels, int64_t count, uint8_t shift) {
  for (int64_t i = 0; i < count; i++) {
    uint8_t* pixel = pixels + 3 * i;
    const int red = pixel[0], green = pixel[1], blue = pixel[2];
    const int larger = red > green ? red : green;
    const int value = blue > larger ? blue : larger;
    int hue, saturation;
    toHueAndSaturation(red, green, blue, value, &hue, &saturation);
    fromHue((hue + shift) & 255, saturation, value, pixel);
  }
}

// Pillow's SMOOTH is a window of 3 × 3 with the weight 5 in its middle. The sum divided by 13 is
// never half a level, so that whole numbers give what its floats give.
void sharpen(const uint8_t* __restrict source, int width, int height, int channels, float factor,
             uint8_t* __restrict out) {
  const int64_t stride = int64_t{width} * channels;
  std::memcpy(out, source, stride * height);
  for (int y = 1; y < height - 1; y++) {
    const uint8_t* row = source + y * stride;
    const uint8_t *above = row - stride, *below = row + stride;
    for (int64_t i = channels; i < stride - channels; i++) {
      const int64_t left = i - channels, right = i + channels;
      const uint32_t sum = above[left] + above[i] + above[right] + row[left] + 5 * row[i] +
                           row[right] + below[left] + below[i] + below[right];
      out[y * stride + i] = blend(static_cast<int>((2 * sum + 13) / 26), row[i], factor);
    }
  }
}

// Four channels of a pixel, of which the image may have fewer.
using Bytes = uint8_t __attribute__((vector_size(4)));
using Doubles = double __attribute__((vector_size(32)));
using Whole = int32_t __attribute__((vector_size(16)));

inline void load(const uint8_t* pixel, Doubles& levels) {
  Bytes bytes;
  std::memcpy(&bytes, pixel, 4);
  levels = __builtin_convertvector(__builtin_convertvector(bytes, Whole), Doubles);
}

inline int64_t clipped(int64_t value, int64_t size) {
  return value < 0 ? 0 : (value < size ? value : size - 1);
}

template <int CHANNELS>
void warpRows(const uint8_t* source, int width, int height, const double* m, uint8_t* out) {
  const int64_t stride = int64_t{width} * CHANNELS;
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++, out += CHANNELS) {
      const double across = x + 0.5, down = y + 0.5;
      double fromX = m[0] * across + m[1] * down + m[2];
      double fromY = m[3] * across + m[4] * down + m[5];
      if (!(fromX >= 0 && fromX < width && fromY >= 0 && fromY < height)) {
        for (int c = 0; c < CHANNELS; c++) out[c] = 0;
        continue;
      }
      fromX -= 0.5;
      fromY -= 0.5;
      // Above -1, which truncation would round to 0.
      const int64_t left = static_cast<int64_t>(fromX + 1) - 1;
      const int64_t top = static_cast<int64_t>(fromY + 1) - 1;
      const double shareX = fromX - static_cast<double>(left);
      const double shareY = fromY - static_cast<double>(top);
      const int64_t first = clipped(left, width) * CHANNELS;
      const int64_t second = clipped(left + 1, width) * CHANNELS;
      const uint8_t* upper = source + clipped(top, height) * stride;
      const uint8_t* lower = source + clipped(top + 1, height) * stride;
      Doubles above, aboveRight, below, belowRight;
      load(upper + first, above);
      load(upper + second, aboveRight);
      load(lower + first, below);
      load(lower + second, belowRight);
      above += (aboveRight - above) * shareX;
      below += (belowRight - below) * shareX;
      const Whole levels = __builtin_convertvector(above + (below - above) * shareY, Whole);
      for (int c = 0; c < CHANNELS; c++) out[c] = static_cast<uint8_t>(levels[c]);
    }
  }
}

void warp(const uint8_t* source, int width, int height, int channels, const double* matrix,
          uint8_t* out) {
  channels == 1 ? warpRows<1>(source, width, height, matrix, out)
                : warpRows<3>(source, width, height, matrix, out);
}

void addShare(const uint8_t* __restrict pixels, int64_t bytes, float share, float* __restrict sum) {
  for (int64_t i = 0; i < bytes; i++) sum[i] += share * static_cast<float>(pixels[i]);
}

void endSum(const float* __restrict sum, int64_t bytes, uint8_t* __restrict pixels) {
  for (int64_t i = 0; i < bytes; i++) pixels[i] = static_cast<uint8_t>(static_cast<int>(sum[i]));
}

}  // namespace

#define CNN_AUGMENT(isa) CNN_AUGMENT_OF(isa)
#define CNN_AUGMENT_OF(isa) kAugmentLoops##isa
extern const AugmentLoops CNN_AUGMENT(CNN_ISA);
const AugmentLoops CNN_AUGMENT(CNN_ISA) = {mirror,  relevel, countLevels, sumLuma,  saturate,
                                           turnHue, sharpen, warp,        addShare, endSum};

}  // namespace cnn
