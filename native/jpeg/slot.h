// What a window shows of a JPEG, as the bytes of a batch.
#pragma once
#include "jpeg/decoder.h"
#include "jpeg/resample.h"

namespace cnn {

// As in src/augment/window.ts.
struct Window {
  double left, top, width, height;
  bool clipped;
  int outLeft, outTop, outWidth, outHeight;
};

// One per thread: it keeps its memory for the next picture.
class SlotFiller {
 public:
  explicit SlotFiller(const Passes& passes) : passes_(passes) {}
  // Fills a slot (size, size, channels) from the open picture; the window lies in both. False if
  // the picture is damaged, with the slot in any state.
  bool fill(JpegDecoder& decoder, const Window& window, int size, int channels, uint8_t* slot);
  // The whole picture (height, width, channels); channels is 1 only for a grey one.
  bool decode(JpegDecoder& decoder, int channels, uint8_t* out);

 private:
  bool across(JpegDecoder& decoder, int64_t stride);

  const Passes& passes_;
  Filter columns_, rows_;
  std::vector<uint8_t> group_, middle_, line_;
};

}  // namespace cnn
