#include "filter_layout.h"

#include <algorithm>

namespace cnn {
namespace {

// The offsets of the indices of one axis: its outer stride, and its part of the inner blocks.
std::vector<int64_t> axisOffsets(const Desc& desc, int axis) {
  const auto& blocking = desc.data.format_desc.blocking;
  std::vector<int64_t> offsets(desc.data.dims[axis]);
  for (size_t index = 0; index < offsets.size(); index++) {
    int64_t rest = static_cast<int64_t>(index);
    int64_t stride = 1;
    for (int block = blocking.inner_nblks - 1; block >= 0; block--) {
      int64_t size = blocking.inner_blks[block];
      if (blocking.inner_idxs[block] == axis) {
        offsets[index] += rest % size * stride;
        rest /= size;
      }
      stride *= size;
    }
    offsets[index] += rest * blocking.strides[axis];
  }
  return offsets;
}

template <class T>
void packRow(const float* from, T* to, const int64_t* offsets, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[offsets[i]] = fromFloat<T>(from[i]);
}

}  // namespace

FilterLayout::FilterLayout(const ConvParams& params, const Desc& desc, bool turned) {
  int first = params.groups > 1 ? 1 : 0;
  group_ = first ? axisOffsets(desc, 0) : std::vector<int64_t>{0};
  out_ = axisOffsets(desc, first);
  in_ = axisOffsets(desc, first + 1);
  row_ = axisOffsets(desc, first + 2);
  column_ = axisOffsets(desc, first + 3);
  if (!turned) return;
  std::swap(out_, in_);
  std::reverse(row_.begin(), row_.end());
  std::reverse(column_.begin(), column_.end());
}

template <class Copy>
void FilterLayout::forEachRow(const Copy& copy) const {
  int64_t inputs = static_cast<int64_t>(in_.size());
  int64_t outputs = static_cast<int64_t>(out_.size());
  int64_t groups = static_cast<int64_t>(group_.size());
  int64_t columns = static_cast<int64_t>(column_.size());
  int64_t rows = static_cast<int64_t>(row_.size()) * columns * inputs;
#pragma omp parallel for schedule(static) if (rows * outputs * groups > 1 << 14)
  for (int64_t index = 0; index < rows; index++) {
    int64_t in = index % inputs;
    int64_t tap = index / inputs;
    int64_t base = in_[in] + row_[tap / columns] + column_[tap % columns];
    for (int64_t group = 0; group < groups; group++) {
      copy((index * groups + group) * outputs, base + group_[group]);
    }
  }
}

void FilterLayout::pack(const float* hwio, void* blocked, DType type) const {
  int64_t outputs = static_cast<int64_t>(out_.size());
  forEachRow([&](int64_t from, int64_t to) {
    if (type == DType::BFloat16) {
      packRow(hwio + from, static_cast<bf16*>(blocked) + to, out_.data(), outputs);
    } else {
      packRow(hwio + from, static_cast<float*>(blocked) + to, out_.data(), outputs);
    }
  });
}

void FilterLayout::unpack(const float* blocked, float* hwio) const {
  forEachRow([&](int64_t to, int64_t from) {
    const float* row = blocked + from;
    for (size_t i = 0; i < out_.size(); i++) hwio[to + i] = row[out_[i]];
  });
}

}  // namespace cnn
