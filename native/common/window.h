// What of an image is shown where in a slot.
#pragma once

namespace cnn {

// As in src/augment/window.ts.
struct Window {
  double left, top, width, height;
  bool clipped;
  int outLeft, outTop, outWidth, outHeight;
};

// Whether a window is inside an image of width × height pixels and inside a slot.
inline bool fits(const Window& window, int width, int height, int size) {
  // Fractions of the image's size may be off in their last bit.
  constexpr double kTolerance = 1e-6;
  return window.left >= 0 && window.top >= 0 && window.width > 0 && window.height > 0 &&
         window.left + window.width <= width + kTolerance &&
         window.top + window.height <= height + kTolerance && window.outLeft >= 0 &&
         window.outTop >= 0 && window.outWidth > 0 && window.outHeight > 0 &&
         window.outLeft <= size - window.outWidth && window.outTop <= size - window.outHeight;
}

}  // namespace cnn
