// Copies filters between tfjs's order (kh, kw, inC / groups, outC) and oneDNN's blocked layouts.
#pragma once
#include <vector>

#include "cpu/loops/convolution/filter_tiles.h"
#include "primitive.h"

namespace cnn {

// The place of each index of a filter in a blocked layout. A blocked position is a sum of one
// offset per axis, so five short tables describe any layout oneDNN chooses.
class FilterLayout {
 public:
  // `turned`: the layout holds the filter turned by 180 degrees with inputs and outputs exchanged,
  // as the convolution that maps gradients back wants it.
  FilterLayout(const ConvParams& params, const Desc& desc, bool turned);

  // Writes float32 values into the layout as `type`, and zeros into its padding.
  void pack(const float* hwio, void* blocked, DType type, Isa isa) const;
  void unpack(const float* blocked, float* hwio) const;

 private:
  // Calls copy(hwio index, blocked index of the row, offsets of the row's outputs, outputs).
  template <class Copy>
  void forEachRow(const Copy& copy) const;
  // Whether the layout is made of tiles with lines along the outputs (or the inputs, `transposed`).
  bool hasTiles(bool paired, bool transposed) const;
  template <class T>
  void packTiles(const float* hwio, T* blocked, TileCopy copy, bool transposed) const;
  template <class T>
  void packAs(const float* hwio, T* blocked, const TileCopy (&copies)[2][2]) const;
  std::vector<int64_t> group_, in_, out_, row_, column_;
  size_t bytes_;  // of the layout, its padding included
};

}  // namespace cnn
