#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/runtime.h"

namespace cnn::cuda {

// Events that are used again.
class Events {
 public:
  using Handle = std::shared_ptr<void>;

  ~Events() {
    for (EventHandle event : free_) destroyEvent(event);
  }
  Handle record(StreamHandle stream) {
    EventHandle event = take();
    Handle handle(event, [this](EventHandle used) { giveBack(used); });
    recordEvent(event, stream);
    return handle;
  }

 private:
  EventHandle take() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return createEvent();
    EventHandle event = free_.back();
    free_.pop_back();
    return event;
  }
  void giveBack(EventHandle event) {
    std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(event);
  }

  std::mutex mutex_;
  std::vector<EventHandle> free_;
};

}  // namespace cnn::cuda
