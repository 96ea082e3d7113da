// Rows of bfloat16 packed into panels that tiles are loaded from.
//
// A panel holds 16 channels of many rows. "Paired": each 64 bytes interleave two rows, as the right
// factor of a product needs them; a tile may begin at any pair. "Turned": the tiles of a paired
// panel transposed, so that each 64 bytes hold 32 rows of one channel: the left factor.
#pragma once
#include "common/bf16.h"
#include "tiles.h"

namespace cnn {
namespace {

constexpr int64_t kGroup = 32;         // rows in a tile
constexpr int64_t kTileChannels = 16;  // channels in a panel
constexpr int64_t kTileValues = kGroup * kTileChannels;

inline int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
inline int64_t tilesFor(int64_t channels) {
  return roundUp(channels, kTileChannels) / kTileChannels;
}

// Transposes 16 × 16 words of 32 bits.
inline void transpose(__m512i* rows) {
  __m512i half[16];
  for (int i = 0; i < 16; i += 2) {
    half[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    half[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(half[i], half[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(half[i], half[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(half[i + 1], half[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(half[i + 1], half[i + 3]);
  }
  // Now lane l of rows[4 g + c] holds column 4 l + c of the rows 4 g to 4 g + 3.
  for (int i = 0; i < 4; i++) {
    half[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0x88);
    half[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0xdd);
    half[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0x88);
    half[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; i++) {
    rows[i] = _mm512_shuffle_i32x4(half[i], half[i + 8], 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(half[i], half[i + 8], 0xdd);
    rows[i + 4] = _mm512_shuffle_i32x4(half[i + 4], half[i + 12], 0x88);
    rows[i + 12] = _mm512_shuffle_i32x4(half[i + 4], half[i + 12], 0xdd);
  }
}

// Values 0 to 15 of two rows, interleaved.
alignas(64) constexpr uint16_t kFirstHalves[32] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,
                                                   37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
                                                   11, 43, 12, 44, 13, 45, 14, 46, 15, 47};

// Packs `channels` values, from `begin` on, of each of `count` rows (a multiple of 32) into
// tilesFor(channels) panels of count * 16 values. Channels that fill up the last panel become 0.
template <bool kTurned>
void packPanels(const bf16* const* rows, int64_t begin, int64_t count, int64_t channels,
                bf16* panels) {
  const __m512i first = _mm512_load_si512(kFirstHalves);
  const __m512i second = _mm512_add_epi16(first, _mm512_set1_epi16(16));
  for (int64_t group = 0; group < count; group += kGroup) {
    for (int64_t channel = 0; channel < channels; channel += 2 * kTileChannels) {
      const int64_t left = channels - channel;
      const __mmask32 mask = left >= 32 ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
      __m512i low[16], high[16];
      for (int pair = 0; pair < 16; pair++) {
        const bf16* const* at = rows + group + 2 * pair;
        const __m512i even = _mm512_maskz_loadu_epi16(mask, at[0] + begin + channel);
        const __m512i odd = _mm512_maskz_loadu_epi16(mask, at[1] + begin + channel);
        low[pair] = _mm512_permutex2var_epi16(even, first, odd);
        high[pair] = _mm512_permutex2var_epi16(even, second, odd);
      }
      bf16* to = panels + channel * count + group * kTileChannels;
      if (kTurned) transpose(low);
      for (int i = 0; i < 16; i++) _mm512_store_si512(to + i * 32, low[i]);
      if (left <= kTileChannels) continue;
      to += count * kTileChannels;
      if (kTurned) transpose(high);
      for (int i = 0; i < 16; i++) _mm512_store_si512(to + i * 32, high[i]);
    }
  }
}

}  // namespace
}  // namespace cnn
