#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <new>

#include "memory_pool.h"

namespace cnn {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t roundUp(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

// From its first huge page on.
class HostAddresses : public AddressRange {
 public:
  HostAddresses() {
    const size_t memory = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    // Fewer where the process may not have that many.
    for (reserved_ = roundUp(2 * memory, kHugePage); reserved_ >= 2 * kHugePage; reserved_ /= 2) {
      const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
      range_ = mmap(nullptr, reserved_, PROT_NONE, flags, -1, 0);
      if (range_ != MAP_FAILED) break;
    }
    if (reserved_ < 2 * kHugePage) throw std::bad_alloc();
    const size_t address = reinterpret_cast<size_t>(range_);
    const size_t skipped = roundUp(address, kHugePage) - address;
    begin_ = static_cast<char*>(range_) + skipped;
    size_ = reserved_ - skipped;
  }
  ~HostAddresses() override { munmap(range_, reserved_); }

  char* begin() const override { return begin_; }
  size_t size() const override { return size_; }
  bool onHost() const override { return true; }

  void back(size_t from, size_t growth) override {
    if (mprotect(begin_ + from, growth, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
    madvise(begin_ + from, growth, MADV_HUGEPAGE);
#endif
  }
  void drop(size_t begin, size_t end) override {
    begin = roundUp(begin, kHugePage);
    end = end / kHugePage * kHugePage;
    if (begin < end) madvise(begin_ + begin, end - begin, MADV_DONTNEED);
  }
  size_t dropEnd(size_t begin, size_t backed) override {
    drop(begin, backed);
    return backed;
  }

 private:
  void* range_ = nullptr;
  size_t reserved_ = 0;
  char* begin_ = nullptr;
  size_t size_ = 0;
};

class NoAddresses : public AddressRange {
 public:
  char* begin() const override { return reinterpret_cast<char*>(kHugePage); }
  size_t size() const override { return std::numeric_limits<size_t>::max() / 2; }
  bool onHost() const override { return false; }
  void back(size_t, size_t) override {}
  void drop(size_t, size_t) override {}
  size_t dropEnd(size_t, size_t backed) override { return backed; }
};

}  // namespace

std::unique_ptr<AddressRange> hostAddresses() { return std::make_unique<HostAddresses>(); }
std::unique_ptr<AddressRange> noAddresses() { return std::make_unique<NoAddresses>(); }

}  // namespace cnn
