// The pixels of a batch of images in one line, in which a filter's tap is a distance.
//
// All images of a convolution are laid on grids of `height` × `width` positions, wide enough that
// the taps of one row never reach the pixels of another. Positions without a pixel hold zeros. Tap
// t of a filter then pairs position p of the input with position p - shift(t) of the output.
//
// A stride cuts the input into phases, the pixels of equal remainders, each a grid of its own with
// its own taps.
#pragma once
#include "common/bf16.h"

namespace cnn {
namespace {

inline int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t smallest(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t floorDivide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
inline int64_t modulo(int64_t a, int64_t b) { return a - floorDivide(a, b) * b; }
inline int64_t ceilDivide(int64_t a, int64_t b) { return -floorDivide(-a, b); }

struct PixelGrid {
  int64_t batch, height, width;
  int64_t positions() const { return batch * height * width; }
};

// Which pixels of an image the positions of a grid name, and how many of their values.
struct Pixels {
  const bf16* values;
  int64_t height, width, channels;       // of the whole image
  int64_t stepY, stepX, firstY, firstX;  // position (y, x) begins at (stepY y + firstY, …)
  int64_t columns;                       // positions beyond it hold zeros
  int64_t window;                        // neighbouring pixels that a position takes together
};

// The taps of a filter along one axis.
struct Axis {
  int64_t taps, dilation, pad, stride;
  // The phase of the input that a tap reads, and its distance from the output in that phase.
  int64_t phaseOf(int64_t tap) const { return modulo(tap * dilation - pad, stride); }
  int64_t shiftOf(int64_t tap) const { return floorDivide(tap * dilation - pad, stride); }
};

// Positions per line such that no tap pairs pixels of different lines.
inline int64_t lineLength(int64_t in, int64_t out, const Axis& axis) {
  return largest(largest(in, out),
                 largest(in - axis.shiftOf(0), out + axis.shiftOf(axis.taps - 1)));
}

// Finds the rows of values of `count` positions from `begin` on, which may be off the grid.
// Positions without a pixel get `zeros`; windows that leave the image are copied to `edges`, which
// holds `edgePitch` values for each position.
inline void findRows(const Pixels& pixels, const PixelGrid& grid, int64_t begin, int64_t count,
                     const bf16* zeros, bf16* edges, int64_t edgePitch, const bf16** rows) {
  for (int64_t done = 0; done < count;) {
    const int64_t line = floorDivide(begin + done, grid.width);
    const int64_t column = begin + done - line * grid.width;
    const int64_t run = smallest(grid.width - column, count - done);
    const int64_t image = floorDivide(line, grid.height);
    const int64_t y = (line - image * grid.height) * pixels.stepY + pixels.firstY;
    const bool inside = image >= 0 && image < grid.batch && y < pixels.height;
    const int64_t rowValues = pixels.width * pixels.channels;
    const bf16* row = inside ? pixels.values + (image * pixels.height + y) * rowValues : zeros;
    for (int64_t i = 0; i < run; i++) {
      const int64_t x = (column + i) * pixels.stepX + pixels.firstX;
      const bf16** found = rows + done + i;
      if (!inside || column + i >= pixels.columns) {
        *found = zeros;
      } else if (x >= 0 && x + pixels.window <= pixels.width) {
        *found = row + x * pixels.channels;
      } else {
        bf16* edge = edges + (done + i) * edgePitch;
        for (int64_t j = 0; j < pixels.window * pixels.channels; j++) {
          const int64_t at = x * pixels.channels + j;
          edge[j] = at >= 0 && at < rowValues ? row[at] : bf16{0};
        }
        *found = edge;
      }
    }
    done += run;
  }
}

}  // namespace
}  // namespace cnn
