// A decoded image with the interface of one that is being decoded.
#pragma once
#include "jpeg/decoder.h"

namespace cnn {

class Pixels {
 public:
  // An image (height, width, channels) of 1 or 3 channels; `data` must stay until it is read.
  void open(const uint8_t* data, int width, int height, int channels);
  int width() const { return width_; }
  int height() const { return height_; }

  // As JpegDecoder::decode.
  template <class Take>
  bool decode(const JpegDecoder::Box& box, int group, const Take& take);
  int64_t stride() const { return stride_; }

 private:
  // Copies a row's columns [left, right) as pixels of four bytes to `out`.
  void widen(int row, int left, int right, uint8_t* out) const;

  const uint8_t* data_ = nullptr;
  int width_ = 0, height_ = 0, channels_ = 0;
  std::vector<uint8_t> rows_;
  int64_t stride_ = 0;
};

template <class Take>
bool Pixels::decode(const JpegDecoder::Box& box, int group, const Take& take) {
  stride_ = (int64_t{box.right} - box.left + kSlackColumns) * 4;
  rows_.resize(stride_ * group);
  for (int top = box.top; top < box.bottom; top += group) {
    const int count = box.bottom - top < group ? box.bottom - top : group;
    for (int row = 0; row < count; row++) {
      widen(top + row, box.left, box.right, rows_.data() + row * stride_);
    }
    take(rows_.data(), count);
  }
  return true;
}

}  // namespace cnn
