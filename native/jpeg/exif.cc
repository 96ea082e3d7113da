#include "jpeg/exif.h"

#include <cstring>

namespace cnn {
namespace {

constexpr char kExif[] = "Exif\0";
constexpr size_t kExifBytes = 6;
constexpr uint32_t kOrientation = 0x0112;
constexpr size_t kEntryBytes = 12;

// The TIFF file that EXIF consists of, in the byte order that its first letter names.
struct Tiff {
  const uint8_t* bytes;
  size_t length;

  // A number of `count` bytes; 0 beyond the end.
  uint32_t number(size_t at, int count) const {
    if (at + count > length) return 0;
    uint32_t value = 0;
    for (int i = 0; i < count; i++) {
      value = value << 8 | bytes[at + (bytes[0] == 'I' ? count - 1 - i : i)];
    }
    return value;
  }
};

}  // namespace

int exifOrientation(const uint8_t* segment, size_t length) {
  if (length < kExifBytes + 8 || std::memcmp(segment, kExif, kExifBytes) != 0) return 1;
  const Tiff tiff{segment + kExifBytes, length - kExifBytes};
  const size_t directory = tiff.number(4, 4);
  const size_t entries = tiff.number(directory, 2);
  for (size_t i = 0; i < entries; i++) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const int orientation = static_cast<int>(tiff.number(entry + 8, 2));
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

}  // namespace cnn
