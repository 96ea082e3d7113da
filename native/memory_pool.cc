#include "memory_pool.h"

// Its macros do nothing but in a build with AddressSanitizer.
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <new>

namespace cnn {

namespace {
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kGrowth = size_t{64} << 20;
// Unused bytes after each block, so that AddressSanitizer notices who writes there.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kFence = MemoryPool::kAlignment;
#else
constexpr size_t kFence = 0;
#endif

size_t roundUp(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

// Addresses for more than the machine's memory; fewer where the process may not have that many.
void* reserve(size_t* bytes) {
  size_t memory = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (*bytes = roundUp(2 * memory, kGrowth); *bytes >= kGrowth; *bytes /= 2) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* range = mmap(nullptr, *bytes, PROT_NONE, flags, -1, 0);
    if (range != MAP_FAILED) return range;
  }
  throw std::bad_alloc();
}
}  // namespace

size_t MemoryPool::blockSize(size_t bytes) {
  return std::max(roundUp(bytes, kAlignment), kAlignment) + kFence;
}

MemoryPool::MemoryPool(bool backed) : backed_(backed) {
  if (!backed) {
    base_ = reinterpret_cast<char*>(kHugePage);
    usable_ = writable_ = std::numeric_limits<size_t>::max() / 2;
    return;
  }
  range_ = reserve(&reserved_);
  size_t address = reinterpret_cast<size_t>(range_);
  size_t skipped = roundUp(address, kHugePage) - address;
  base_ = static_cast<char*>(range_) + skipped;
  usable_ = reserved_ - skipped;
}

MemoryPool::~MemoryPool() {
  if (!backed_) return;
  // Blocks were only there; to mark all of the range would take an eighth of it in real memory.
  ASAN_UNPOISON_MEMORY_REGION(base_, writable_);
  munmap(range_, reserved_);
}

void MemoryPool::confine(void* block, size_t used, size_t bytes) const {
  if (!backed_) return;
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

// Makes the `size` bytes from the end on memory that can be written to.
void MemoryPool::extend(size_t size) {
  size_t wanted = end_ + size;
  if (wanted <= writable_) return;
  if (wanted > usable_) throw std::bad_alloc();
  size_t target = std::min(roundUp(wanted, kGrowth), usable_);
  size_t growth = target - writable_;
  if (mprotect(base_ + writable_, growth, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  madvise(base_ + writable_, growth, MADV_HUGEPAGE);
  writable_ = target;
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
  if (!backed_) return;
  std::lock_guard<std::mutex> lock(mutex_);
  auto giveBack = [&](size_t begin, size_t end) {
    begin = roundUp(begin, kHugePage);
    end = end / kHugePage * kHugePage;
    if (begin < end) madvise(base_ + begin, end - begin, MADV_DONTNEED);
  };
  for (const auto& [offset, size] : gaps_) giveBack(offset, offset + size);
  giveBack(end_, writable_);
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
