#include "augment/operations.h"

#include <cmath>
#include <stdexcept>

#include "isa_tables.h"

namespace cnn {

CNN_TABLES_BY_ISA(AugmentLoops, kAugmentLoops, augmentLoopsFor)

namespace {

// A table from a function of the level.
template <class Function>
void tabulate(uint8_t (&table)[256], const Function& function) {
  for (int level = 0; level < 256; level++) {
    const auto value = function(level);
    table[level] = static_cast<uint8_t>(value < 0 ? 0 : (value > 255 ? 255 : value));
  }
}

// Away from one level by a factor: Pillow's Image.blend, in floats that are cut off.
void tabulateBlend(uint8_t (&table)[256], int from, float factor) {
  tabulate(table, [&](int level) {
    return static_cast<float>(from) + factor * static_cast<float>(level - from);
  });
}

// Pillow's ImageOps.autocontrast.
void tabulateStretch(uint8_t (&table)[256], const uint32_t (&histogram)[256]) {
  int least = 0, most = 255;
  while (least < 255 && histogram[least] == 0) least++;
  while (most > 0 && histogram[most] == 0) most--;
  const bool flat = most <= least;
  const double scale = flat ? 1 : 255.0 / (most - least);
  const double offset = flat ? 0 : -least * scale;
  tabulate(table, [&](int level) { return std::trunc(level * scale + offset); });
}

// Pillow's ImageOps.equalize.
void tabulateEqual(uint8_t (&table)[256], const uint32_t (&histogram)[256]) {
  int64_t total = 0, last = 0;
  for (const uint32_t count : histogram) {
    total += count;
    if (count > 0) last = count;
  }
  const int64_t step = (total - last) / 255;
  int64_t before = step / 2;
  tabulate(table, [&](int level) -> int64_t {
    const int64_t place = step == 0 ? level : before / step;
    before += histogram[level];
    return place;
  });
}

bool isWithin(double value, double least, double most) { return value >= least && value <= most; }

bool isSound(const Operation& operation) {
  constexpr double kMostFactor = 1 << 20;
  constexpr int kLast = static_cast<int>(OperationKind::MixEnd);
  if (!isWithin(operation.kind, 0, kLast) || operation.kind != std::floor(operation.kind)) {
    return false;
  }
  const double value = operation.values[0];
  switch (static_cast<OperationKind>(static_cast<int>(operation.kind))) {
    case OperationKind::Brightness:
    case OperationKind::Contrast:
    case OperationKind::Saturation:
    case OperationKind::Sharpness:
    case OperationKind::MixBegin:
    case OperationKind::MixAdd:
      return isWithin(value, -kMostFactor, kMostFactor);
    case OperationKind::Hue:
      return isWithin(value, -1, 1);
    case OperationKind::Posterize:
      return isWithin(value, 0, 8);
    default:
      return true;
  }
}

}  // namespace

void expectOperations(const Operation* operations, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!isSound(operations[i])) {
      throw std::runtime_error("expected a known operation on pixels with a value in its range");
    }
  }
}

void Augmenter::apply(const Operation* operations, size_t count, int size, int channels,
                      uint8_t* pixels) {
  for (size_t i = 0; i < count; i++) applyOne(operations[i], size, channels, pixels);
}

void Augmenter::applyOne(const Operation& operation, int size, int channels, uint8_t* pixels) {
  const int64_t count = int64_t{size} * size;
  const double value = operation.values[0];
  const auto kind = static_cast<OperationKind>(static_cast<int>(operation.kind));
  switch (kind) {
    case OperationKind::Mirror:
      loops_.mirror(pixels, size, size, channels);
      break;
    case OperationKind::Affine:
      loops_.warp(copyOf(pixels, count * channels), size, size, channels, operation.values, pixels);
      break;
    case OperationKind::Saturation:
      if (channels == 3) loops_.saturate(pixels, count, static_cast<float>(value));
      break;
    case OperationKind::Sharpness:
      loops_.sharpen(copyOf(pixels, count * channels), size, size, channels,
                     static_cast<float>(value), pixels);
      break;
    case OperationKind::Hue:
      // Cut off towards 0, and below 0 counted from 256 down.
      if (channels == 3) loops_.turnHue(pixels, count, static_cast<uint8_t>(int(value * 255)));
      break;
    case OperationKind::MixBegin:
    case OperationKind::MixAdd:
    case OperationKind::MixEnd:
      mix(kind, static_cast<float>(value), count * channels, pixels);
      break;
    default:
      relevel(operation, count, channels, pixels);
  }
}

// Sums of float32, as torchvision's of tensors.
void Augmenter::mix(OperationKind kind, float share, int64_t bytes, uint8_t* pixels) {
  if (kind == OperationKind::MixBegin) {
    mixed_.assign(pixels, pixels + bytes);
    sum_.assign(bytes, 0);
  }
  if (static_cast<int64_t>(sum_.size()) != bytes) {
    throw std::runtime_error("expected a mix of this image to have begun");
  }
  if (kind == OperationKind::MixEnd) return loops_.endSum(sum_.data(), bytes, pixels);
  loops_.addShare(pixels, bytes, share, sum_.data());
  std::copy(mixed_.begin(), mixed_.end(), pixels);
}

// Operations that give every level of a channel another one.
void Augmenter::relevel(const Operation& operation, int64_t count, int channels, uint8_t* pixels) {
  LevelTables tables = {};
  Histograms histograms;
  const auto kind = static_cast<OperationKind>(static_cast<int>(operation.kind));
  const double value = operation.values[0];
  const bool looks = kind == OperationKind::AutoContrast || kind == OperationKind::Equalize ||
                     (kind == OperationKind::Contrast && channels == 1);
  if (looks) loops_.count(pixels, count, channels, histograms);
  int middle = 0;
  if (kind == OperationKind::Contrast) {
    int64_t sum = 0;
    if (channels == 3) sum = loops_.sumLuma(pixels, count);
    for (int level = 0; channels == 1 && level < 256; level++) sum += level * histograms[0][level];
    middle = static_cast<int>(static_cast<double>(sum) / static_cast<double>(count) + 0.5);
  }
  for (int c = 0; c < channels; c++) {
    switch (kind) {
      case OperationKind::Brightness:
      case OperationKind::Contrast:
        tabulateBlend(tables[c], middle, static_cast<float>(value));
        break;
      case OperationKind::Posterize:
        tabulate(tables[c], [&](int level) { return level & -(1 << (8 - int(value))); });
        break;
      case OperationKind::Solarize:
        tabulate(tables[c], [&](int level) { return level < value ? level : 255 - level; });
        break;
      case OperationKind::AutoContrast:
        tabulateStretch(tables[c], histograms[c]);
        break;
      case OperationKind::Equalize:
        tabulateEqual(tables[c], histograms[c]);
        break;
      case OperationKind::Invert:
        tabulate(tables[c], [](int level) { return 255 - level; });
        break;
      default:
        break;  // applyOne has the others
    }
  }
  loops_.relevel(pixels, count, channels, tables);
}

const uint8_t* Augmenter::copyOf(const uint8_t* pixels, int64_t bytes) {
  copy_.resize(bytes + kWarpSlack);
  std::copy(pixels, pixels + bytes, copy_.begin());
  return copy_.data();
}

}  // namespace cnn
