#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/runtime.h"

namespace cnn::cuda {

// Pinned memory of the host, in sizes of powers of two, which is used again.
class PinnedMemory {
 public:
  ~PinnedMemory() { trim(); }
  std::shared_ptr<void> take(size_t bytes) {
    size_t size = 4096;
    while (size < bytes) size *= 2;
    std::lock_guard<std::mutex> lock(mutex_);
    auto& free = free_[size];
    void* memory = nullptr;
    if (free.empty()) {
      memory = allocatePinned(size);
    } else {
      memory = free.back();
      free.pop_back();
    }
    return {memory, [this, size](void* used) {
              std::lock_guard<std::mutex> lock(mutex_);
              free_[size].push_back(used);
            }};
  }
  void trim() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& [size, free] : free_) {
      for (void* memory : free) freePinned(memory);
    }
    free_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
};

}  // namespace cnn::cuda
