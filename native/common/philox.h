// Philox4x32-10, the counter-based random numbers of src/rng.ts. Salmon et al., SC 2011.
#pragma once
#include <cstdint>

#include "bf16.h"

namespace cnn {

struct Words4 {
  uint32_t word[4];
};

CNN_HOST_DEVICE inline Words4 philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                                         uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; round++) {
    uint64_t product0 = 0xd2511f53ull * c0;
    uint64_t product1 = 0xcd9e8d57ull * c2;
    uint32_t next0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    uint32_t next2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(product1);
    c3 = static_cast<uint32_t>(product0);
    c0 = next0;
    c2 = next2;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace cnn
