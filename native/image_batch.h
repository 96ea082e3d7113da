// A batch of images that a device decodes into its own memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "common/window.h"
#include "tensor.h"

namespace cnn {

// A JPEG in grey or in YCbCr, whose header was read.
struct JpegImage {
  const uint8_t* bytes;
  size_t length;
  int width, height;
};

class ImageBatch {
 public:
  virtual ~ImageBatch() = default;

  // Both are called on the threads that read the files, finish() once all images were offered.

  // Shows a window of an image in a slot. False leaves the image to another decoder. `number` is
  // that of the image, by which finish() names those whose decoding failed later.
  virtual bool take(size_t number, const JpegImage& image, const Window& window, size_t slot) = 0;
  virtual void finish(const std::function<void(size_t number)>& refuse) = 0;

  // On the host's thread, once: some slots of (slots, size, size, channels) from the bytes of the
  // whole batch in the host's memory, which are copied at once. What it returns runs on the thread
  // of the stream, and gives the batch. Throws what the device failed in.
  virtual std::function<Tensor()> give(const uint8_t* images, size_t bytes, const int32_t* slots,
                                       size_t count) = 0;
  // The same as it is, for a batch that nobody wants.
  virtual std::function<Tensor()> leave() = 0;
};

}  // namespace cnn
