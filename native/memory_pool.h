// The memory of a device's tensors: one range of addresses in which freed neighbours join again.
// Writing to fresh pages costs several times the write itself, so what was used stays with the pool
// and steady training never asks the system for memory.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace cnn {

class MemoryPool {
 public:
  // All blocks begin at multiples of it, so that they take multiples of it.
  static constexpr size_t kAlignment = 64;

  // Reserves addresses, which cost no memory. A pool that is not `backed` only counts: its blocks
  // have addresses that nothing may touch.
  explicit MemoryPool(bool backed = true);
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool();

  // `bytes` bytes, aligned, in the smallest gap that is large enough. release() takes the
  // same number again. Throws std::bad_alloc when the system has no more.
  void* acquire(size_t bytes);
  void release(void* block, size_t bytes);
  // The bytes of a block for `bytes` bytes.
  static size_t blockSize(size_t bytes);
  // Makes AddressSanitizer refuse accesses beyond the first `used` bytes of a block.
  void confine(void* block, size_t used, size_t bytes) const;
  // Returns the memory that no tensor uses to the system.
  void trim();

  // Both count allocated blocks, without the gaps between them.
  size_t usedBytes() const;
  size_t peakBytes() const;
  void resetPeak();

 private:
  // The offset of `size` bytes.
  size_t takeGap(size_t size);
  void extend(size_t size);
  void addGap(size_t offset, size_t size);
  void removeGap(std::map<size_t, size_t>::iterator gap);

  mutable std::mutex mutex_;
  const bool backed_;
  void* range_ = nullptr;
  size_t reserved_ = 0;
  // The range from its first huge page on; all offsets count from there.
  char* base_ = nullptr;
  size_t usable_ = 0;
  size_t writable_ = 0;
  size_t end_ = 0;  // after the last block
  // The gaps before the end, none beside another: sizes by offset, and (size, offset) in order.
  std::map<size_t, size_t> gaps_;
  std::set<std::pair<size_t, size_t>> gapsBySize_;
  size_t used_ = 0;
  size_t peak_ = 0;
};

}  // namespace cnn
