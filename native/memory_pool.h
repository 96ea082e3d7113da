// The memory of a device's tensors: one range of addresses in which freed neighbours join again.
// Writing to fresh pages costs several times the write itself, so what was used stays with the pool
// and steady training never asks the system for memory.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace cnn {

// Addresses of a device for more than its memory, which cost nothing until they are backed. Offsets
// count from the beginning.
class AddressRange {
 public:
  virtual ~AddressRange() = default;
  virtual char* begin() const = 0;
  virtual size_t size() const = 0;
  // Backs [from, from + growth), where `from` is the end of what is backed. Throws std::bad_alloc.
  virtual void back(size_t from, size_t growth) = 0;
  // Gives the memory of [begin, end) back to the system, which backs it again when it is touched.
  virtual void drop(size_t begin, size_t end) = 0;
  // The same for the end [begin, backed) of what is backed; returns what is backed from now on.
  virtual size_t dropEnd(size_t begin, size_t backed) = 0;
  // Whether the CPU may touch the memory.
  virtual bool onHost() const = 0;
};

// Addresses of this machine's memory.
std::unique_ptr<AddressRange> hostAddresses();
// Addresses that nothing may touch, for a pool that only counts.
std::unique_ptr<AddressRange> noAddresses();

class MemoryPool {
 public:
  // All blocks begin at multiples of it, so that they take multiples of it.
  static constexpr size_t kAlignment = 64;

  explicit MemoryPool(std::unique_ptr<AddressRange> range);
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  virtual ~MemoryPool();

  // `bytes` bytes, aligned, in the smallest gap that is large enough. release() takes the
  // same number again. Throws std::bad_alloc when the device has no more.
  void* acquire(size_t bytes);
  virtual void release(void* block, size_t bytes);
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
  const std::unique_ptr<AddressRange> range_;
  char* const base_;
  size_t backed_ = 0;
  size_t end_ = 0;  // after the last block
  // The gaps before the end, none beside another: sizes by offset, and (size, offset) in order.
  std::map<size_t, size_t> gaps_;
  std::set<std::pair<size_t, size_t>> gapsBySize_;
  size_t used_ = 0;
  size_t peak_ = 0;
};

}  // namespace cnn
