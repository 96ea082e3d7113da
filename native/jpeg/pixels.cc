#include "jpeg/pixels.h"

namespace cnn {

void Pixels::open(const uint8_t* data, int width, int height, int channels) {
  data_ = data;
  width_ = width;
  height_ = height;
  channels_ = channels;
}

void Pixels::widen(int row, int left, int right, uint8_t* out) const {
  const uint8_t* from = data_ + (int64_t{row} * width_ + left) * channels_;
  const int count = right - left;
  if (channels_ == 1) {
    for (int x = 0; x < count; x++) out[4 * x] = out[4 * x + 1] = out[4 * x + 2] = from[x];
  } else {
    for (int x = 0; x < count; x++) {
      for (int c = 0; c < 3; c++) out[4 * x + c] = from[3 * x + c];
    }
  }
}

}  // namespace cnn
