// Copies filters between tfjs's order (kh, kw, inC / groups, outC) and oneDNN's blocked layouts.
#pragma once
#include <vector>

#include "primitive.h"

namespace cnn {

// Where each index of a filter lies in a blocked layout. A blocked position is a sum of one offset
// per axis, so five short tables describe any layout oneDNN chooses.
class FilterLayout {
 public:
  // `turned`: the layout holds the filter turned by 180 degrees with inputs and outputs exchanged,
  // as the convolution that maps gradients back wants it.
  FilterLayout(const ConvParams& params, const Desc& desc, bool turned);

  // Writes float32 values into the layout as `type`. The layout's padding is left alone.
  void pack(const float* hwio, void* blocked, DType type) const;
  void unpack(const float* blocked, float* hwio) const;

 private:
  // Calls copy(hwio index, blocked index of the row, offsets of the row's outputs, outputs).
  template <class Copy>
  void forEachRow(const Copy& copy) const;
  std::vector<int64_t> group_, in_, out_, row_, column_;
};

}  // namespace cnn
