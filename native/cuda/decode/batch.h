// A batch of images in the memory of a GPU.
#pragma once
#include <exception>
#include <vector>

#include "decoder.h"

namespace cnn::cuda {

class DeviceBatch : public ImageBatch {
 public:
  DeviceBatch(Decoder& decoder, int slots, int size, int channels);
  ~DeviceBatch() override;

  bool take(size_t number, const JpegImage& image, const Window& window, size_t slot) override;
  void finish(const std::function<void(size_t number)>& refuse) override;
  std::function<Tensor()> give(const uint8_t* images, size_t bytes, const int32_t* slots,
                               size_t count) override;
  std::function<Tensor()> leave() override;

 private:
  // An image whose bytes are in pinned memory, until all of the batch are there.
  struct Kept {
    size_t number;
    JpegImage image;
    Window window;
    size_t slot;
  };
  class Tables;

  bool decode(const JpegImage& image, const Window& window, size_t slot);
  void decodeKept(const std::function<void(size_t number)>& refuse);
  bool decodeTogether(const Kept* first, size_t count);
  void show(const Tables& tables, const DevicePixels& pixels, const Window& window, size_t slot);
  size_t slotBytes() const { return static_cast<size_t>(size_) * size_ * channels_; }
  uint8_t* slotAt(size_t slot) const;
  // What is enqueued so far is what the batch waits for.
  void close();
  void hold(std::shared_ptr<void> pinned);
  // Runs `body`, and remembers what it throws.
  template <class Body>
  void guarded(const Body& body);

  Decoder& decoder_;
  const DecoderParts& parts_;
  const size_t slots_;
  const int size_, channels_;
  Tensor tensor_;
  Events::Handle decoded_;
  std::mutex mutex_;
  std::exception_ptr error_;
  std::vector<Kept> kept_;
  // Pinned memory that the stream still reads.
  std::vector<std::shared_ptr<void>> held_;
};

}  // namespace cnn::cuda
