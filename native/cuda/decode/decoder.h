// Decodes batches of JPEGs on a GPU, beside its kernels.
#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "cuda/gpu.h"
#include "cuda/host/events.h"
#include "cuda/host/pinned_memory.h"
#include "cuda/host/waiter.h"
#include "library.h"

namespace cnn::cuda {

// What it shares with the engine, which outlives it.
struct DecoderParts {
  Gpu& gpu;
  StreamHandle copies;  // the stream that uploads
  Events& events;
  PinnedMemory& pinned;
  MemoryPool& uploads;   // for batches
  MemoryPool& decoding;  // for what its own stream alone uses
};

class Decoder {
 public:
  explicit Decoder(const DecoderParts& parts);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  static std::string describeLibrary() { return JpegLibrary::version(); }
  std::string describe() const { return library_->describe(); }
  std::shared_ptr<ImageBatch> begin(int slots, int size, int channels);

 private:
  friend class DeviceBatch;

  // A lane and when the device is through with it.
  struct Lane {
    explicit Lane(JpegLibrary& library) : jpeg(library) {}
    JpegLibrary::Lane jpeg;
    Events::Handle used;
  };
  // Lanes go in turn, twice as many as are in use at once, so that the device is mostly through
  // with the next one.
  class Turn {
   public:
    explicit Turn(Decoder& decoder) : decoder_(decoder), lane_(decoder.takeLane()) {}
    ~Turn() { decoder_.giveBack(std::move(lane_)); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Lane* operator->() const { return lane_.get(); }

   private:
    Decoder& decoder_;
    std::unique_ptr<Lane> lane_;
  };
  std::unique_ptr<Lane> takeLane();
  void giveBack(std::unique_ptr<Lane> lane);

  DecoderParts parts_;
  struct Stream {
    StreamHandle handle = createStream();
    ~Stream() { destroyStream(handle); }
  } stream_;
  std::unique_ptr<JpegLibrary> library_;
  Waiter waiter_;
  // Held by the thread that enqueues.
  std::mutex enqueuing_;
  // When the device is through with the last two batches for its engine.
  std::deque<Events::Handle> batches_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Lane>> lanes_;
  size_t busy_ = 0;
};

}  // namespace cnn::cuda
