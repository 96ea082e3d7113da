#include "jpeg/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cnn {
bool FileBytes::read(const char* file, int64_t offset, int64_t length) {
  // A pipe of that name is not waited for.
  const int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return false;
  const bool complete = readFrom(descriptor, offset, length);
  close(descriptor);
  return complete;
}

bool FileBytes::readFrom(int descriptor, int64_t offset, int64_t length) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (length < 0) length = status.st_size - offset;
  if (length < 0 || length > kMostBytes) return false;
  if (capacity_ < static_cast<size_t>(length)) {
    bytes_.reset(new uint8_t[length]);
    capacity_ = length;
  }
  for (size_ = 0; size_ < static_cast<size_t>(length);) {
    const ssize_t count = pread(descriptor, bytes_.get() + size_, length - size_, offset + size_);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    size_ += count;
  }
  return true;
}

}  // namespace cnn
