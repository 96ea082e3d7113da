// Changes of an image's pixels, bit for bit as Pillow makes them for torchvision.
#pragma once
#include <vector>

#include "augment/loops.h"

namespace cnn {

// What the values of an operation are:
//   Affine: the matrix of AugmentLoops::warp
//   Brightness, Contrast, Saturation, Sharpness: the factor, 1 for none
//   Hue: the share of a turn; Posterize: the bits that are kept; Solarize: the lowest level that
//   is inverted
//   MixBegin: the image's own share in a sum; MixAdd: the share of what was made of the image since
//   then, which is the image again afterwards. MixEnd makes the image the sum.
// The others have none. src/augment/operations.ts has the same names in this order.
CNN_ENUM(OperationKind, Mirror, Affine, Brightness, Contrast, Saturation, Sharpness, Hue, Posterize,
         Solarize, AutoContrast, Equalize, Invert, MixBegin, MixAdd, MixEnd);

struct Operation {
  double kind;
  double values[6];
};

// Throws where one has no such kind, or values that its arithmetic does not take.
void expectOperations(const Operation* operations, size_t count);

// One per thread; it reuses its memory for the next image.
class Augmenter {
 public:
  explicit Augmenter(Isa isa) : loops_(augmentLoopsFor(isa)) {}
  // Changes an image (size, size, channels) of 1 or 3 channels.
  void apply(const Operation* operations, size_t count, int size, int channels, uint8_t* pixels);

 private:
  void applyOne(const Operation& operation, int size, int channels, uint8_t* pixels);
  void relevel(const Operation& operation, int64_t count, int channels, uint8_t* pixels);
  void mix(OperationKind kind, float share, int64_t bytes, uint8_t* pixels);
  const uint8_t* copyOf(const uint8_t* pixels, int64_t bytes);

  const AugmentLoops& loops_;
  std::vector<uint8_t> copy_, mixed_;
  std::vector<float> sum_;
};

}  // namespace cnn
