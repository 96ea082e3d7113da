// Convolutions that make each output pixel of a single input pixel: 1×1 filters, with or without
// strides.
#pragma once
#include "params.h"

namespace cnn {
namespace {  // a copy for each instruction set

inline int64_t pixelsOf(const ConvParams& p) { return int64_t{p.batch} * p.outHeight * p.outWidth; }

inline bool readsSinglePixels(const ConvParams& p) {
  return p.filterHeight == 1 && p.filterWidth == 1 && p.padTop == 0 && p.padLeft == 0 &&
         (p.outHeight - 1) * p.strideHeight < p.inHeight &&
         (p.outWidth - 1) * p.strideWidth < p.inWidth;
}

// Whether it is a matrix product over all pixels: each of them is read once.
inline bool isPointwise(const ConvParams& p) {
  return readsSinglePixels(p) && p.strideHeight * p.strideWidth * p.groups == 1 &&
         p.inHeight == p.outHeight && p.inWidth == p.outWidth;
}

// The input pixel that an output pixel comes from.
inline int64_t inputPixel(const ConvParams& p, int64_t pixel) {
  if (p.strideHeight == 1 && p.strideWidth == 1 && p.inWidth == p.outWidth &&
      p.inHeight == p.outHeight) {
    return pixel;
  }
  const int64_t column = pixel % p.outWidth, row = pixel / p.outWidth % p.outHeight;
  const int64_t image = pixel / (int64_t{p.outWidth} * p.outHeight);
  return (image * p.inHeight + row * p.strideHeight) * p.inWidth + column * p.strideWidth;
}

}  // namespace
}  // namespace cnn
