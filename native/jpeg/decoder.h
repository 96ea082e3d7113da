// The part of a JPEG that a window needs, by libjpeg-turbo.
#pragma once
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

// After <cstdio>, which it needs.
#include <jpeglib.h>

namespace cnn {

// Columns that resampling may read beyond the last one.
constexpr int kSlackColumns = 4;

// Which images are left to another decoder.
struct JpegLimits {
  // More pixels than that.
  double maxPixels = 1e18;
  // Those that EXIF asks to turn.
  bool upright = false;
};

// Decodes one image at a time; its memory is reused for the next one. Images that it does not take,
// and damaged ones, are left to a decoder that can report what is wrong.
class JpegDecoder {
 public:
  explicit JpegDecoder(const JpegLimits& limits = {});
  ~JpegDecoder();
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // Reads the header; `bytes` must stay until the image is decoded. False for what is no JPEG in
  // grey or colour of 8 bits, Huffman coded, and for what is beyond the limits.
  bool open(const uint8_t* bytes, size_t length);
  int width() const { return static_cast<int>(state_.image_width); }
  int height() const { return static_cast<int>(state_.image_height); }
  bool grey() const { return state_.jpeg_color_space == JCS_GRAYSCALE; }
  // Whether every decoder can be given it: its colours are the usual ones, and it does not end
  // early, which not all notice.
  bool plain() const { return endsWell_ && state_.jpeg_color_space != JCS_RGB; }
  bool progressive() const { return state_.progressive_mode; }

  // Decodes the open image's rows [top, bottom), of them at least the columns [left, right), with
  // the same pixels as if all of it were decoded, and calls take(rows, count) for each `group` of
  // rows, `stride()` bytes apart. A row begins at column left; pixels have four bytes. False if the
  // image is damaged.
  struct Box {
    int left, top, right, bottom;
  };
  template <class Take>
  bool decode(const Box& box, int group, const Take& take);
  int64_t stride() const { return stride_; }

 private:
  struct Errors {
    jpeg_error_mgr manager;
    std::jmp_buf jump;
  };

  [[noreturn]] static void fail(j_common_ptr state);
  static void refuseScans(j_common_ptr state);
  bool withinLimits() const;
  bool start(const Box& box, int group);
  // Reads up to `count` rows to rows_; 0 if the image is damaged.
  int read(int count);
  // Checks that the image continues below the box, where that is not known yet.
  bool finish();

  const JpegLimits limits_;
  Errors errors_;
  jpeg_progress_mgr progress_;
  jpeg_decompress_struct state_;
  bool endsWell_ = false;
  // Rows of the group, from `first_` bytes on.
  std::vector<uint8_t> rows_;
  int64_t stride_ = 0;
  int64_t first_ = 0;
};

template <class Take>
bool JpegDecoder::decode(const Box& box, int group, const Take& take) {
  if (!start(box, group)) return false;
  for (int row = box.top; row < box.bottom; row += group) {
    const int count = box.bottom - row < group ? box.bottom - row : group;
    if (read(count) != count) return false;
    take(rows_.data() + first_, count);
  }
  return finish();
}

}  // namespace cnn
