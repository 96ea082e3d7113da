// Dropout by counter-based random numbers, so that the gradient draws the same mask again instead
// of reading a stored one. src/rng.ts and its purpose "dropout" define which elements are dropped.
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kBlock = 256;  // counters, of four elements each, drawn at a time
constexpr int64_t kBlocksGrain = 8;

// philox4x32 of common/philox.h for kBlock counters [first + i, step, layer, 0]; words[4 i + k].
void draw(const DropoutParams& p, uint32_t first, uint32_t* __restrict words) {
  for (int64_t i = 0; i < kBlock; i++) {
    uint32_t c0 = first + static_cast<uint32_t>(i), c1 = static_cast<uint32_t>(p.step);
    uint32_t c2 = static_cast<uint32_t>(p.layer), c3 = 0;
    uint32_t k0 = static_cast<uint32_t>(p.seed), k1 = kDropoutPurpose;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      uint64_t product0 = uint64_t{0xd2511f53u} * c0;
      uint64_t product1 = uint64_t{0xcd9e8d57u} * c2;
      c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
      c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
      c1 = static_cast<uint32_t>(product1);
      c3 = static_cast<uint32_t>(product0);
      k0 += 0x9e3779b9u;
      k1 += 0xbb67ae85u;
    }
    words[4 * i] = c0;
    words[4 * i + 1] = c1;
    words[4 * i + 2] = c2;
    words[4 * i + 3] = c3;
  }
}

template <class T>
void dropout(const Call& call, const DropoutParams& p) {
  const T* x = valuesOf<T>(call.inputs[0]);
  T* y = valuesOf<T>(call.outputs[0]);
  const int64_t size = call.outputs[0].size;
  const int64_t within = p.first % 4;  // of the first counter's elements
  const uint32_t threshold = static_cast<uint32_t>(p.threshold);
  const float scale = p.scale;
  const int64_t blocks = (size + 4 * kBlock - 1) / (4 * kBlock);
  parallelFor(blocks, kBlocksGrain, [&](int64_t begin, int64_t end) {
    alignas(64) uint32_t drawn[8 * kBlock];
    for (int64_t block = begin; block < end; block++) {
      const uint32_t counter = static_cast<uint32_t>(p.first / 4 + block * kBlock);
      draw(p, counter, drawn);
      if (within != 0) draw(p, counter + kBlock, drawn + 4 * kBlock);
      const uint32_t* words = drawn + within;
      const int64_t start = block * 4 * kBlock;
      const int64_t count = size - start < 4 * kBlock ? size - start : 4 * kBlock;
      const T* __restrict in = x + start;
      T* __restrict out = y + start;
      for (int64_t i = 0; i < count; i++) {
        // A product, not a choice: what is dropped of NaN and infinity is NaN, as in PyTorch.
        out[i] = fromFloat<T>(toFloat(in[i]) * zeroUnless(words[i] >= threshold, scale));
      }
    }
  });
}

}  // namespace

CNN_KERNEL(Dropout, DropoutParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto x) {
    dropout<decltype(x)>(call, params);
    return true;
  });
}

}  // namespace cnn
