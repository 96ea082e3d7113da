#include "decoder.h"

#include "batch.h"

namespace cnn::cuda {

Decoder::Decoder(const DecoderParts& parts)
    : parts_(parts),
      library_(std::make_unique<JpegLibrary>(parts.decoding, stream_.handle)),
      waiter_(parts.gpu.device) {}

Decoder::~Decoder() {
  try {
    synchronize(parts_.events.record(stream_.handle).get());
  } catch (const std::exception&) {
    // A device that is lost has nothing in flight.
  }
  lanes_.clear();
}

std::shared_ptr<ImageBatch> Decoder::begin(int slots, int size, int channels) {
  return std::make_shared<DeviceBatch>(*this, slots, size, channels);
}

std::unique_ptr<Decoder::Lane> Decoder::takeLane() {
  std::unique_ptr<Lane> lane;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (lanes_.size() > busy_) {
      lane = std::move(lanes_.front());
      lanes_.pop_front();
    }
    busy_++;
  }
  try {
    if (lane == nullptr) return std::make_unique<Lane>(*library_);
    if (lane->used != nullptr) synchronize(lane->used.get());
    return lane;
  } catch (...) {
    giveBack(std::move(lane));
    throw;
  }
}

void Decoder::giveBack(std::unique_ptr<Lane> lane) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (lane != nullptr) lanes_.push_back(std::move(lane));
  busy_--;
}

}  // namespace cnn::cuda
