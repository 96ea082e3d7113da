// Shows a window of an image in a slot of a batch, both in the memory of a GPU.
#pragma once
#include <cstdint>

#include "common/triangle_filter.h"
#include "cuda/runtime.h"

namespace cnn {

// A filter in the memory of a GPU.
struct DeviceFilter {
  const Filter::Tap* positions;
  const int32_t* weights;
  int stride;
  int size;
};

struct Showing {
  // The image (…, pitch) in RGB.
  const uint8_t* pixels;
  int64_t pitch;
  DeviceFilter columns, rows;
  // The rows of the image that the filter of rows reads.
  int firstRow, rowCount;
  // (rowCount, columns.size, 3), for these rows resampled across.
  uint8_t* middle;
  // (size, size, channels); zeros around what is shown.
  uint8_t* slot;
  int size, channels;
  int outLeft, outTop;
};

// Enqueues it on a stream: the bytes are those of jpeg/slot.h.
void show(const Showing& showing, int multiprocessors, cuda::StreamHandle stream);

}  // namespace cnn
