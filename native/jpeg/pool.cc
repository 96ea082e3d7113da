#include "jpeg/pool.h"

#include <cmath>

#include "jpeg/file_bytes.h"

namespace cnn {
Window windowOf(const JpegRecord& record) {
  return {record.left,
          record.top,
          record.boxWidth,
          record.boxHeight,
          record.clipped != 0,
          static_cast<int>(record.outLeft),
          static_cast<int>(record.outTop),
          static_cast<int>(record.outWidth),
          static_cast<int>(record.outHeight)};
}

void expectWhole(const JpegRecord& record) {
  constexpr double kMostPlace = 1LL << 53, kMost = INT32_MAX;
  const auto expect = [](double value, double least, double most) {
    if (value >= least && value <= most && value == std::floor(value)) return;
    throw std::runtime_error("expected whole numbers in the record of an image");
  };
  expect(record.offset, 0, kMostPlace);
  expect(record.length, -1, kMostPlace);
  for (double value : {record.width, record.height, record.outLeft, record.outTop, record.outWidth,
                       record.outHeight, record.slot, record.firstOperation, record.operations}) {
    expect(value, 0, kMost);
  }
}

// The memory that a thread reuses from image to image.
class JpegWorker {
 public:
  JpegWorker(Isa isa, const JpegLimits& limits)
      : decoder_(limits), filler_(passesFor(isa)), augmenter_(isa) {}

  void run(const JpegRequest& request, size_t index) {
    JpegRecord& record = request.records[index];
    try {
      const bool opened = open(request.files[index].c_str(), record);
      if (request.measure) {
        record.width = opened ? decoder_.width() : 0;
        record.height = opened ? decoder_.height() : 0;
      } else if (!opened || !show(request, record, index)) {
        record.width = 0;
      }
    } catch (const std::exception&) {
      // No memory, or operations that make no sense together.
      record.width = 0;
    }
  }

 private:
  bool open(const char* file, const JpegRecord& record) {
    return bytes_.read(file, static_cast<int64_t>(record.offset),
                       static_cast<int64_t>(record.length)) &&
           decoder_.open(bytes_.data(), bytes_.size());
  }

  bool show(const JpegRequest& request, const JpegRecord& record, size_t index) {
    // The window was made for an image of this size; the file may have changed since.
    if (record.width != decoder_.width() || record.height != decoder_.height()) return false;
    const Window window = windowOf(record);
    if (request.batch == nullptr) return fill(request, record, window);
    const JpegImage image{bytes_.data(), bytes_.size(), decoder_.width(), decoder_.height()};
    return decoder_.plain() &&
           request.batch->take(index, image, window, static_cast<size_t>(record.slot));
  }

  bool fill(const JpegRequest& request, const JpegRecord& record, const Window& window) {
    const size_t slotBytes = static_cast<size_t>(request.size) * request.size * request.channels;
    const size_t slot = static_cast<size_t>(record.slot);
    if (!fits(window, decoder_.width(), decoder_.height(), request.size)) return false;
    if (slot >= request.bytes / slotBytes) return false;
    uint8_t* pixels = request.images + slot * slotBytes;
    if (!filler_.fill(decoder_, window, request.size, request.channels, pixels)) return false;
    const size_t first = static_cast<size_t>(record.firstOperation);
    const size_t count = static_cast<size_t>(record.operations);
    if (first > request.operations.size() || count > request.operations.size() - first)
      return false;
    augmenter_.apply(request.operations.data() + first, count, request.size, request.channels,
                     pixels);
    return true;
  }

  FileBytes bytes_;
  JpegDecoder decoder_;
  SlotFiller filler_;
  Augmenter augmenter_;
};

JpegPool::JpegPool(int threads, Isa isa, const JpegLimits& limits) {
  for (int i = 0; i < threads; i++) workers_.push_back(std::make_unique<JpegWorker>(isa, limits));
  for (auto& worker : workers_) threads_.emplace_back([this, &worker] { loop(*worker); });
}

JpegPool::~JpegPool() {
  stop();
  join();
}

void JpegPool::submit(std::shared_ptr<JpegRequest> request) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!stopping_ && !request->files.empty()) {
      requests_.push_back(std::move(request));
      wake_.notify_all();
      return;
    }
  }
  request->done(request->files.empty());
}

void JpegPool::stop() {
  std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

void JpegPool::join() {
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void JpegPool::loop(JpegWorker& worker) {
  for (;;) {
    std::shared_ptr<JpegRequest> request;
    size_t index;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
      if (requests_.empty()) return;
      request = requests_.front();
      index = request->next++;
      if (request->next == request->files.size()) requests_.pop_front();
      if (stopping_) request->cut = true;
    }
    if (!request->cut) worker.run(*request, index);
    if (++request->finished < request->files.size()) continue;
    if (request->batch != nullptr && !request->cut) {
      request->batch->finish([&](size_t image) { request->records[image].width = 0; });
    }
    request->done(!request->cut);
  }
}

}  // namespace cnn
