#include "jpeg/slot.h"

#include <cstring>

#include "common/luma.h"

namespace cnn {
namespace {

int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

template <class Image>
bool SlotFiller::fill(Image& image, const Window& window, int size, int channels, uint8_t* slot) {
  const int width = window.outWidth;
  columns_.build(window.left, window.width, width, image.width(), window.clipped);
  rows_.build(window.top, window.height, window.outHeight, image.height(), window.clipped);
  const int64_t stride = roundUp(3 * width + 1, kBlock);
  if (!across(image, stride)) return false;
  if (width < size || window.outHeight < size) {
    std::memset(slot, 0, static_cast<size_t>(size) * size * channels);
  }
  line_.resize(stride);
  for (int y = 0; y < window.outHeight; y++) {
    const Filter::Tap tap = rows_.positions[y];
    const uint8_t* from = middle_.data() + (tap.first - rows_.begin()) * stride;
    const uint8_t* line = from;
    if (tap.count > 1) {
      passes_.down(rows_.weights.data() + static_cast<int64_t>(y) * rows_.stride, tap.count, from,
                   stride, 3 * width, line_.data());
      line = line_.data();
    }
    const int64_t place = static_cast<int64_t>(window.outTop + y) * size + window.outLeft;
    uint8_t* out = slot + place * channels;
    if (channels == 3) {
      std::memcpy(out, line, 3 * width);
    } else {
      for (int x = 0; x < width; x++) out[x] = luma(line + 3 * x);
    }
  }
  return true;
}

// The rows that rows_ reads, resampled by columns_, in middle_.
template <class Image>
bool SlotFiller::across(Image& image, int64_t stride) {
  const int width = columns_.end() - columns_.begin();
  group_.resize(roundUp(width, 4) * kBlock);
  middle_.resize(roundUp(rows_.end() - rows_.begin(), kGroupRows) * stride);
  uint8_t* out = middle_.data();
  const JpegDecoder::Box box{columns_.begin(), rows_.begin(), columns_.end(), rows_.end()};
  return image.decode(box, kGroupRows, [&](const uint8_t* rows, int count) {
    if (columns_.copies()) {
      for (int row = 0; row < count; row++) {
        passes_.pack(rows + row * image.stride(), width, out + row * stride);
      }
    } else {
      passes_.interleave(rows, image.stride(), width, group_.data());
      passes_.across(FilterView(columns_), group_.data(), out, stride);
    }
    out += kGroupRows * stride;
  });
}

template bool SlotFiller::fill(JpegDecoder&, const Window&, int, int, uint8_t*);
template bool SlotFiller::fill(Pixels&, const Window&, int, int, uint8_t*);

bool SlotFiller::decode(JpegDecoder& decoder, int channels, uint8_t* out) {
  const int width = decoder.width();
  return decoder.decode(
      {0, 0, width, decoder.height()}, kGroupRows, [&](const uint8_t* rows, int count) {
        for (int row = 0; row < count; row++, out += static_cast<int64_t>(width) * channels) {
          const uint8_t* pixels = rows + row * decoder.stride();
          if (channels == 3) {
            passes_.pack(pixels, width, out);
          } else {
            for (int x = 0; x < width; x++) out[x] = pixels[4 * x];
          }
        }
      });
}

}  // namespace cnn
