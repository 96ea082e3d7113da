#include "jpeg/decoder.h"

#include <algorithm>

#include "jpeg/exif.h"

namespace cnn {
namespace {

// Larger images are refused, as by sharp.
constexpr int64_t kMostPixels = 0x3fff * 0x3fff;
// Memory for a progressive image's coefficients; larger ones are refused.
constexpr long kMaxBytes = 512L << 20;
// Each scan of a progressive image costs a pass over all of it. Real ones have about ten.
constexpr int kMaxScans = 100;
// Columns decoded on either side of the requested ones: colour often has half as many columns, and
// each is blended with its neighbours if there are at least three.
constexpr int kMargin = 4;
constexpr int kExifMarker = JPEG_APP0 + 1;

}  // namespace

JpegDecoder::JpegDecoder(const JpegLimits& limits) : limits_(limits) {
  state_.err = jpeg_std_error(&errors_.manager);
  errors_.manager.error_exit = fail;
  // Warnings too: such an image is left to the other decoder.
  errors_.manager.emit_message = [](j_common_ptr state, int level) {
    if (level < 0) fail(state);
  };
  if (setjmp(errors_.jump)) throw std::bad_alloc();
  jpeg_create_decompress(&state_);
  state_.client_data = this;
  state_.mem->max_memory_to_use = kMaxBytes;
  progress_ = {};
  progress_.progress_monitor = refuseScans;
  state_.progress = &progress_;
  if (limits.upright) jpeg_save_markers(&state_, kExifMarker, 0xffff);
}

JpegDecoder::~JpegDecoder() { jpeg_destroy_decompress(&state_); }

void JpegDecoder::fail(j_common_ptr state) {
  // The first member, as in the manual of libjpeg.
  std::longjmp(reinterpret_cast<Errors*>(state->err)->jump, 1);
}

void JpegDecoder::refuseScans(j_common_ptr state) {
  if (reinterpret_cast<j_decompress_ptr>(state)->input_scan_number > kMaxScans) fail(state);
}

// Each of the functions that call libjpeg sets the place to jump to: no C++ object may be alive
// between it and libjpeg.

bool JpegDecoder::open(const uint8_t* bytes, size_t length) {
  if (setjmp(errors_.jump)) {
    jpeg_abort_decompress(&state_);
    return false;
  }
  jpeg_abort_decompress(&state_);
  jpeg_mem_src(&state_, bytes, length);
  jpeg_read_header(&state_, TRUE);
  endsWell_ = length >= 2 && bytes[length - 2] == 0xff && bytes[length - 1] == JPEG_EOI;
  const J_COLOR_SPACE colours = state_.jpeg_color_space;
  return int64_t{width()} * height() <= kMostPixels && state_.data_precision == 8 &&
         !state_.arith_code &&
         (colours == JCS_GRAYSCALE || colours == JCS_YCbCr || colours == JCS_RGB) && withinLimits();
}

bool JpegDecoder::withinLimits() const {
  if (static_cast<double>(width()) * height() > limits_.maxPixels) return false;
  if (!limits_.upright) return true;
  for (auto marker = state_.marker_list; marker != nullptr; marker = marker->next) {
    if (exifOrientation(marker->data, marker->data_length) != 1) return false;
  }
  return true;
}

bool JpegDecoder::start(const Box& box, int group) {
  if (setjmp(errors_.jump)) {
    jpeg_abort_decompress(&state_);
    return false;
  }
  state_.out_color_space = JCS_EXT_RGBX;
  jpeg_start_decompress(&state_);
  const int wanted = std::min(box.right - box.left + 2 * kMargin, width());
  JDIMENSION left = std::max(0, std::min(box.left - kMargin, width() - wanted));
  JDIMENSION columns = wanted;
  // Moves left to the beginning of a block.
  jpeg_crop_scanline(&state_, &left, &columns);
  stride_ = (static_cast<int64_t>(columns) + kSlackColumns) * 4;
  first_ = (box.left - static_cast<int64_t>(left)) * 4;
  rows_.resize(stride_ * group);
  if (box.top > 0) jpeg_skip_scanlines(&state_, box.top);
  return true;
}

int JpegDecoder::read(int count) {
  if (setjmp(errors_.jump)) {
    jpeg_abort_decompress(&state_);
    return 0;
  }
  const JDIMENSION end = state_.output_scanline + count;
  uint8_t* row = rows_.data();
  while (state_.output_scanline < end) {
    row += stride_ * jpeg_read_scanlines(&state_, &row, 1);
  }
  return count;
}

bool JpegDecoder::finish() {
  if (!endsWell_) {
    while (state_.output_scanline < state_.output_height) {
      if (read(1) == 0) return false;
    }
  }
  if (setjmp(errors_.jump)) {
    jpeg_abort_decompress(&state_);
    return false;
  }
  if (!endsWell_) jpeg_finish_decompress(&state_);
  jpeg_abort_decompress(&state_);
  return true;
}

}  // namespace cnn
