#include "filter_layout.h"

#include <algorithm>
#include <cstring>

#include "isa_tables.h"

namespace cnn {
namespace {

// The offsets of the indices of one axis: its outer stride, and its part of the inner blocks.
std::vector<int64_t> axisOffsets(const Blocking& blocking, int axis) {
  std::vector<int64_t> offsets(static_cast<size_t>(blocking.dims[axis]));
  for (size_t index = 0; index < offsets.size(); index++) {
    int64_t rest = static_cast<int64_t>(index);
    int64_t stride = 1;
    for (size_t block = blocking.blocks.size(); block-- > 0;) {
      int64_t size = blocking.blocks[block];
      if (blocking.axes[block] == axis) {
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

constexpr int64_t kTilesGrain = 64;

}  // namespace

CNN_TABLES_BY_ISA(TileCopies, kTileCopies, tileCopiesFor)

FilterLayout::FilterLayout(const ConvParams& params, const Desc& desc, bool turned)
    : bytes_(desc.get_size()) {
  const Blocking blocking = blockingOf(desc);
  int first = params.groups > 1 ? 1 : 0;
  group_ = first ? axisOffsets(blocking, 0) : std::vector<int64_t>{0};
  out_ = axisOffsets(blocking, first);
  in_ = axisOffsets(blocking, first + 1);
  row_ = axisOffsets(blocking, first + 2);
  column_ = axisOffsets(blocking, first + 3);
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

bool FilterLayout::hasTiles(bool paired, bool transposed) const {
  const auto& along = transposed ? in_ : out_;
  const auto& across = transposed ? out_ : in_;
  if (along.size() % kTile != 0 || across.size() % kTile != 0) return false;
  const int64_t step = paired ? 2 : 1;
  for (size_t i = 0; i < along.size(); i++) {
    if (along[i] != along[i / kTile * kTile] + static_cast<int64_t>(i % kTile) * step) return false;
  }
  for (size_t i = 1; paired && i < across.size(); i += 2) {
    if (across[i] != across[i - 1] + 1) return false;
  }
  return true;
}

template <class T>
void FilterLayout::packTiles(const float* hwio, T* blocked, TileCopy copy, bool transposed) const {
  const auto& lines = transposed ? out_ : in_;
  const auto& starts = transposed ? in_ : out_;
  const int64_t inputs = static_cast<int64_t>(in_.size());
  const int64_t outputs = static_cast<int64_t>(out_.size());
  const int64_t groups = static_cast<int64_t>(group_.size());
  const int64_t columns = static_cast<int64_t>(column_.size());
  const int64_t taps = static_cast<int64_t>(row_.size()) * columns;
  const int64_t inTiles = inputs / kTile, outTiles = outputs / kTile;
  const int64_t tiles = taps * inTiles * groups * outTiles;
#pragma omp parallel for schedule(static) if (tiles > kTilesGrain)
  for (int64_t tile = 0; tile < tiles; tile++) {
    const int64_t out = tile % outTiles * kTile, band = tile / outTiles;
    const int64_t group = band % groups, in = band / groups % inTiles * kTile;
    const int64_t tap = band / groups / inTiles;
    const float* from = hwio + ((tap * inputs + in) * groups + group) * outputs + out;
    T* to = blocked + group_[group] + row_[tap / columns] + column_[tap % columns];
    copy(from, groups * outputs, to + starts[transposed ? in : out],
         lines.data() + (transposed ? out : in));
  }
}

template <class T>
void FilterLayout::packAs(const float* hwio, T* blocked, const TileCopy (&copies)[2][2]) const {
  for (bool paired : {false, true}) {
    for (bool transposed : {false, true}) {
      if (hasTiles(paired, transposed)) {
        return packTiles(hwio, blocked, copies[paired][transposed], transposed);
      }
    }
  }
  const int64_t outputs = static_cast<int64_t>(out_.size());
  forEachRow(
      [&](int64_t from, int64_t to) { packRow(hwio + from, blocked + to, out_.data(), outputs); });
}

void FilterLayout::pack(const float* hwio, void* blocked, DType type, Isa isa) const {
  const size_t values = group_.size() * in_.size() * out_.size() * row_.size() * column_.size();
  if (bytes_ > bytesOf(type) * values) std::memset(blocked, 0, bytes_);
  const TileCopies& copies = tileCopiesFor(isa);
  if (type == DType::BFloat16) {
    packAs(hwio, static_cast<bf16*>(blocked), copies.toBf16);
  } else {
    packAs(hwio, static_cast<float*>(blocked), copies.toFloat);
  }
}

void FilterLayout::unpack(const float* blocked, float* hwio) const {
  forEachRow([&](int64_t to, int64_t from) {
    const float* row = blocked + from;
    for (size_t i = 0; i < out_.size(); i++) hwio[to + i] = row[out_[i]];
  });
}

}  // namespace cnn
