// The orientation of an image by EXIF.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cnn {

// The orientation (1 to 8) in an APP1 segment; 1, which is upright, where it names none.
int exifOrientation(const uint8_t* segment, size_t length);

}  // namespace cnn
