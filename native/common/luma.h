// Grey of a colour. Anonymous because each instruction set compiles a version of its own.
#pragma once
#include "common/bf16.h"

namespace cnn {
namespace {

// Pillow's convert("L"), which leaves grey as it is.
CNN_HOST_DEVICE inline uint8_t luma(const uint8_t* pixel) {
  return static_cast<uint8_t>((pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >>
                              16);
}

}  // namespace
}  // namespace cnn
