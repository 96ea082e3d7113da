// Vector registers of the instruction set that a file is compiled for.
#pragma once

namespace cnn {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
// Without wide vectors oneDNN's convolutions are faster than ours.
[[maybe_unused]] constexpr bool kHasWideVectors = kLanes > 4;

// kLanes floats in a register, whatever the instruction set; in memory they need no alignment.
typedef float Vector __attribute__((vector_size(kLanes * 4), may_alias));
typedef float VectorInMemory __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

}  // namespace
}  // namespace cnn
