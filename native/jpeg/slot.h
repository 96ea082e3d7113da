// A window of a JPEG or a decoded image, as the bytes of a batch.
#pragma once
#include "common/window.h"
#include "jpeg/decoder.h"
#include "jpeg/pixels.h"
#include "jpeg/resample.h"

namespace cnn {

// One per thread; it reuses its memory for the next image.
class SlotFiller {
 public:
  explicit SlotFiller(const Passes& passes) : passes_(passes) {}
  // Fills a slot (size, size, channels) from the open image, a JpegDecoder or Pixels; the window
  // is inside both. False if the image is damaged, with the slot in any state.
  template <class Image>
  bool fill(Image& image, const Window& window, int size, int channels, uint8_t* slot);
  // The whole image (height, width, channels); channels is 1 only for a grey one.
  bool decode(JpegDecoder& decoder, int channels, uint8_t* out);

 private:
  template <class Image>
  bool across(Image& image, int64_t stride);

  const Passes& passes_;
  Filter columns_, rows_;
  std::vector<uint8_t> group_, middle_, line_;
};

}  // namespace cnn
