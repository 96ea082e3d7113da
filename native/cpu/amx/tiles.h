// The tile registers of AMX: eight tiles of 16 rows of 64 bytes, and the product of two of them.
//
// These files are compiled twice: for machines with AMX, and with CNN_AMX_EMULATED, where AVX-512
// performs the same operations, so that all code around them is tested without such a machine.
// Tiles belong to a thread: it configures them before use and releases them after.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace cnn {
namespace {

constexpr int kTileRows = 16;
constexpr int kTileRowBytes = 64;
constexpr int kTiles = 8;

#if !defined(CNN_AMX_EMULATED)

// Written as assembly because GCC's intrinsics take literal tile numbers only, and do not tell the
// compiler that they read and write memory.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t startRow = 0;
  uint8_t reserved[14] = {};
  uint16_t rowBytes[16] = {};
  uint8_t rows[16] = {};
};

inline void configureTiles() {
  TileConfiguration configuration;
  for (int tile = 0; tile < kTiles; tile++) {
    configuration.rowBytes[tile] = kTileRowBytes;
    configuration.rows[tile] = kTileRows;
  }
  asm volatile("ldtilecfg %0" ::"m"(configuration));
}

inline void releaseTiles() { asm volatile("tilerelease"); }

template <int tile>
inline void zeroTile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(tile));
}

// Rows of 64 bytes, `stride` bytes apart.
template <int tile>
inline void loadTile(const void* from, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(tile) : "memory");
}

template <int tile>
inline void storeTile(void* to, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(tile) : "memory");
}

// sum (16 × 16 floats) += a (16 × 32 bf16) · b, where row k of b interleaves the values of its rows
// 2k and 2k + 1.
template <int sum, int a, int b>
inline void multiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sum), "i"(a), "i"(b));
}

#else

struct EmulatedTiles {
  alignas(64) uint32_t words[kTiles][kTileRows][kTileRowBytes / 4];
  unsigned control = 0;
  bool configured = false;
};

inline EmulatedTiles& emulatedTiles() {
  static thread_local EmulatedTiles tiles;
  return tiles;
}

// Products of tiles round to nearest and take subnormal numbers for 0, whatever the thread does.
inline void configureTiles() {
  EmulatedTiles& tiles = emulatedTiles();
  tiles.control = _mm_getcsr();
  _mm_setcsr((tiles.control & ~unsigned{_MM_ROUND_MASK}) | _MM_FLUSH_ZERO_ON |
             _MM_DENORMALS_ZERO_ON);
  tiles.configured = true;
}

// Where the processor would refuse an instruction, all sums become NaN.
inline void releaseTiles() {
  EmulatedTiles& tiles = emulatedTiles();
  _mm_setcsr(tiles.control);
  tiles.configured = false;
}

template <int tile>
inline void zeroTile() {
  for (auto& row : emulatedTiles().words[tile]) _mm512_store_si512(row, _mm512_setzero_si512());
}

template <int tile>
inline void loadTile(const void* from, int64_t stride) {
  for (int row = 0; row < kTileRows; row++) {
    const char* at = static_cast<const char*>(from) + row * stride;
    _mm512_store_si512(emulatedTiles().words[tile][row], _mm512_loadu_si512(at));
  }
}

template <int tile>
inline void storeTile(void* to, int64_t stride) {
  for (int row = 0; row < kTileRows; row++) {
    char* at = static_cast<char*>(to) + row * stride;
    _mm512_storeu_si512(at, _mm512_load_si512(emulatedTiles().words[tile][row]));
  }
}

// The even and the odd products are summed separately, then together, then added to the sum.
template <int sum, int a, int b>
inline void multiplyTiles() {
  EmulatedTiles& tiles = emulatedTiles();
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  for (int row = 0; row < kTileRows; row++) {
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    for (int pair = 0; pair < kTileRows; pair++) {
      const __m512i left = _mm512_set1_epi32(static_cast<int>(tiles.words[a][row][pair]));
      const __m512i right = _mm512_load_si512(tiles.words[b][pair]);
      even = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(left, 16)),
                             _mm512_castsi512_ps(_mm512_slli_epi32(right, 16)), even);
      odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(left, upper)),
                            _mm512_castsi512_ps(_mm512_and_si512(right, upper)), odd);
    }
    const __m512 products = _mm512_add_ps(even, odd);
    const __m512 before = _mm512_castsi512_ps(_mm512_load_si512(tiles.words[sum][row]));
    const __m512 after =
        tiles.configured ? _mm512_add_ps(before, products) : _mm512_set1_ps(__builtin_nanf(""));
    _mm512_store_si512(tiles.words[sum][row], _mm512_castps_si512(after));
  }
}

#endif

}  // namespace
}  // namespace cnn
