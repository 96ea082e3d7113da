// nvJPEG: decodes on the GPU's JPEG engine where it has one, else in two halves, Huffman codes on
// the processor and the rest on the GPU.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aligned_block.h"
#include "cuda/libraries/nvjpeg_functions.h"
#include "image_batch.h"

namespace cnn::cuda {

// An image (height, pitch) in RGB in the memory of the GPU.
struct DevicePixels {
  uint8_t* data;
  size_t pitch;
};

class JpegLibrary {
 public:
  // All that it enqueues goes to `stream`, for which it takes its memory from `pool`.
  JpegLibrary(MemoryPool& pool, StreamHandle stream);
  ~JpegLibrary();
  JpegLibrary(const JpegLibrary&) = delete;
  JpegLibrary& operator=(const JpegLibrary&) = delete;

  static std::string version();
  std::string describe() const;
  // Whether there is a JPEG engine.
  bool hardware() const { return hardware_; }

  // What one image is decoded with at a time; before the next one the device has to be through.
  class Lane {
   public:
    explicit Lane(JpegLibrary& library);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    // Whether the engine takes the image.
    bool fitsHardware(const JpegImage& image);
    // The two halves; false for an image that nvJPEG does not take or finds damaged. The second
    // one of all lanes is for one thread at a time.
    bool decodeOnHost(const JpegImage& image);
    bool decodeOnDevice(const DevicePixels& pixels);

   private:
    bool parse(const JpegImage& image);

    JpegLibrary& library_;
    nvjpeg::State state_ = nullptr;
    nvjpeg::JpegStream parsed_ = nullptr;
    nvjpeg::Params params_ = nullptr;
    nvjpeg::PinnedBuffer buffer_ = nullptr;
  };

  // Enqueues images for the engine; false where it refuses one of them. Their bytes have to stay
  // until they are decoded. For one thread at a time; before the turn after the next the device
  // has to be through with it.
  bool decodeBatch(const std::vector<JpegImage>& images, const std::vector<DevicePixels>& pixels);

 private:
  // The memory that nvJPEG takes; no exception may pass through it.
  static int takeMemory(void* library, void** memory, size_t bytes, StreamHandle) noexcept;
  static int giveMemoryBack(void* library, void* memory, size_t bytes, StreamHandle) noexcept;

  MemoryPool& pool_;
  StreamHandle stream_;
  nvjpeg::Allocator device_, pinned_;
  std::mutex mutex_;
  std::map<void*, std::unique_ptr<AlignedBlock>> blocks_;
  bool hardware_ = true;
  nvjpeg::Handle handle_ = nullptr;
  nvjpeg::Decoder decoder_ = nullptr;
  // Used in turn.
  struct Batch {
    nvjpeg::State state = nullptr;
    size_t size = 0;
  } batches_[2];
  size_t turn_ = 0;
  // For the second halves, which the stream runs one after another.
  nvjpeg::DeviceBuffer buffer_ = nullptr;
};

}  // namespace cnn::cuda
