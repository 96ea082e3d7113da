#include "memory_pool.h"

// Its macros do nothing but in a build with AddressSanitizer, which not every compiler brings.
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size)
#endif

#include <algorithm>
#include <iterator>
#include <new>

namespace cnn {

namespace {
constexpr size_t kGrowth = size_t{64} << 20;
// Unused bytes after each block, so that AddressSanitizer notices who writes there.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kFence = MemoryPool::kAlignment;
#else
constexpr size_t kFence = 0;
#endif

size_t roundUp(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }
}  // namespace

size_t MemoryPool::blockSize(size_t bytes) {
  return std::max(roundUp(bytes, kAlignment), kAlignment) + kFence;
}

MemoryPool::MemoryPool(std::unique_ptr<AddressRange> range)
    : range_(std::move(range)), base_(range_->begin()) {}

MemoryPool::~MemoryPool() {
  // Blocks were only there; to mark all of the range would take an eighth of it in real memory.
  if (range_->onHost()) ASAN_UNPOISON_MEMORY_REGION(base_, backed_);
}

void MemoryPool::confine(void* block, size_t used, size_t bytes) const {
  if (!range_->onHost()) return;
  ASAN_UNPOISON_MEMORY_REGION(block, used);
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(block) + used, blockSize(bytes) - used);
  // Used by the macros only.
  static_cast<void>(block), static_cast<void>(used), static_cast<void>(bytes);
}

void* MemoryPool::acquire(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  size_t size = blockSize(bytes);
  void* block = base_ + takeGap(size);
  used_ += size;
  peak_ = std::max(peak_, used_);
  confine(block, bytes, bytes);
  return block;
}

size_t MemoryPool::takeGap(size_t size) {
  auto found = gapsBySize_.lower_bound({size, 0});
  if (found == gapsBySize_.end()) {
    extend(size);
    end_ += size;
    return end_ - size;
  }
  auto [available, offset] = *found;
  removeGap(gaps_.find(offset));
  if (available > size) addGap(offset + size, available - size);
  return offset;
}

// Backs the `size` bytes from the end on.
void MemoryPool::extend(size_t size) {
  const size_t wanted = end_ + size;
  if (wanted <= backed_) return;
  if (wanted > range_->size()) throw std::bad_alloc();
  const size_t target = std::min(roundUp(wanted, kGrowth), range_->size());
  range_->back(backed_, target - backed_);
  backed_ = target;
}

void MemoryPool::release(void* block, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  confine(block, 0, bytes);
  size_t size = blockSize(bytes);
  size_t offset = static_cast<size_t>(static_cast<char*>(block) - base_);
  used_ -= size;
  auto next = gaps_.lower_bound(offset);
  if (next != gaps_.end() && next->first == offset + size) {
    size += next->second;
    removeGap(next++);
  }
  if (next != gaps_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      size += before->second;
      removeGap(before);
    }
  }
  if (offset + size == end_) {
    end_ = offset;
  } else {
    addGap(offset, size);
  }
}

void MemoryPool::addGap(size_t offset, size_t size) {
  gaps_.emplace(offset, size);
  gapsBySize_.emplace(size, offset);
}

void MemoryPool::removeGap(std::map<size_t, size_t>::iterator gap) {
  gapsBySize_.erase({gap->second, gap->first});
  gaps_.erase(gap);
}

void MemoryPool::trim() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [offset, size] : gaps_) range_->drop(offset, offset + size);
  backed_ = range_->dropEnd(end_, backed_);
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
