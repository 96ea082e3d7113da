// A caching allocator: memory given back is kept for the next tensor of about the same size.
// Writing to fresh pages costs several times the write itself, so steady training never asks the
// system for memory.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>

namespace cnn {

class MemoryPool {
 public:
  MemoryPool() = default;
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool();

  // At least `bytes` bytes, aligned to 64; `capacity` receives the block's real size. release()
  // takes both again. Throws std::bad_alloc when the system has no more.
  void* acquire(size_t bytes, size_t* capacity);
  void release(void* block, size_t capacity, size_t bytes);
  // Returns the memory that no tensor uses to the system.
  void trim();

  // What was asked for, not the sizes of the blocks found for it, which depend on chance.
  size_t usedBytes() const;
  size_t peakBytes() const;
  void resetPeak();

 private:
  void trimLocked();
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> free_;
  size_t used_ = 0;
  size_t peak_ = 0;
};

}  // namespace cnn
