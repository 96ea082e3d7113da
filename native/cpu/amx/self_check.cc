#include "self_check.h"

#include "common/bf16.h"
#include "tiles.h"

namespace cnn {

bool tilesMultiply() {
  // Whole numbers small enough for exact sums.
  alignas(64) bf16 left[kTileRows][32], right[kTileRows][32];
  alignas(64) float sums[kTileRows][kTileRows];
  const auto leftAt = [](int row, int k) { return (row * 5 + k * 3) % 17 - 8; };
  const auto rightAt = [](int k, int column) { return (k * 7 + column * 2) % 13 - 6; };
  for (int row = 0; row < kTileRows; row++) {
    for (int i = 0; i < 32; i++) {
      left[row][i] = fromFloat<bf16>(static_cast<float>(leftAt(row, i)));
      right[row][i] = fromFloat<bf16>(static_cast<float>(rightAt(2 * row + i % 2, i / 2)));
    }
  }
  configureTiles();
  zeroTile<3>();
  loadTile<5>(left, kTileRowBytes);
  loadTile<7>(right, kTileRowBytes);
  multiplyTiles<3, 5, 7>();
  multiplyTiles<3, 5, 7>();
  storeTile<3>(sums, kTileRowBytes);
  releaseTiles();
  for (int row = 0; row < kTileRows; row++) {
    for (int column = 0; column < kTileRows; column++) {
      int sum = 0;
      for (int k = 0; k < 32; k++) sum += 2 * leftAt(row, k) * rightAt(k, column);
      if (sums[row][column] != static_cast<float>(sum)) return false;
    }
  }
  return true;
}

}  // namespace cnn
