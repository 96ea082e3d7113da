// The bytes of a file, or of a part of one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cnn {

// One per thread; it reuses its memory for the next file.
class FileBytes {
 public:
  // Larger files are no images.
  static constexpr int64_t kMostBytes = 256 << 20;

  // Reads `length` bytes from `offset` on, or with length -1 all of the file. False if they cannot
  // be read, or are more than kMostBytes.
  bool read(const char* file, int64_t offset, int64_t length);
  const uint8_t* data() const { return bytes_.get(); }
  size_t size() const { return size_; }

 private:
  bool readFrom(int descriptor, int64_t offset, int64_t length);

  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace cnn
