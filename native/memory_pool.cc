#include "memory_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace cnn {

namespace {
constexpr size_t kHugePage = size_t{2} << 20;

// Small blocks in steps of an eighth of their size, so that a block serves its neighbours too;
// large ones in whole huge pages.
size_t roundUp(size_t bytes) {
  size_t step = 64;
  if (bytes >= kHugePage) {
    step = kHugePage;
  } else {
    while (step * 8 < bytes) step *= 2;
  }
  return std::max<size_t>(64, (bytes + step - 1) / step * step);
}

void* systemAllocate(size_t capacity) {
  bool large = capacity >= kHugePage;
  void* block = std::aligned_alloc(large ? kHugePage : 64, capacity);
  if (block != nullptr && large) madvise(block, capacity, MADV_HUGEPAGE);
  return block;
}
}  // namespace

MemoryPool::~MemoryPool() { trim(); }

void* MemoryPool::acquire(size_t bytes, size_t* capacity) {
  size_t wanted = roundUp(bytes);
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = free_.lower_bound(wanted);
  void* block;
  if (found != free_.end() && found->first <= wanted + wanted / 4) {
    *capacity = found->first;
    block = found->second;
    free_.erase(found);
  } else {
    *capacity = wanted;
    block = systemAllocate(wanted);
    if (block == nullptr) {
      trimLocked();
      block = systemAllocate(wanted);
    }
    if (block == nullptr) throw std::bad_alloc();
  }
  used_ += wanted;
  peak_ = std::max(peak_, used_);
  return block;
}

void MemoryPool::release(void* block, size_t capacity, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  used_ -= roundUp(bytes);
  free_.emplace(capacity, block);
}

void MemoryPool::trim() {
  std::lock_guard<std::mutex> lock(mutex_);
  trimLocked();
}

void MemoryPool::trimLocked() {
  for (auto& entry : free_) std::free(entry.second);
  free_.clear();
}

size_t MemoryPool::usedBytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

size_t MemoryPool::peakBytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return peak_;
}

void MemoryPool::resetPeak() {
  std::lock_guard<std::mutex> lock(mutex_);
  peak_ = used_;
}

}  // namespace cnn
