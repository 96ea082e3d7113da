// What the loop kernels share: threads, scratch memory, dispatch by element type (dispatch.h).
//
// Everything here is in an anonymous namespace on purpose: these files are compiled once per
// instruction set, and a function shared between them could be linked in its AVX-512 form into
// code for a machine without. For the same reason hot code uses no std containers.
//
// `Tensor` and `DType` come from tensor.h, `Context`, `Call` and CNN_KERNEL from kernel.h.
#pragma once
#include <omp.h>

#include "common/dispatch.h"
#include "kernel.h"
#include "params.h"

namespace cnn {
namespace {

constexpr int64_t kScratchAlignment = 64;

// The number of parts that `count` items of work are cut into: one per thread, but no part smaller
// than `grain`, below which starting a thread costs more than it saves.
[[maybe_unused]] int partsFor(int64_t count, int64_t grain) {
  int64_t parts = count / (grain > 0 ? grain : 1);
  int64_t threads = omp_get_max_threads();
  if (parts > threads) parts = threads;
  return parts < 1 ? 1 : static_cast<int>(parts);
}

// Calls body(part, begin, end) for `parts` contiguous ranges of [0, count). The cut depends on the
// number of parts alone, so sums per part are the same in every run.
template <class Body>
void parallelParts(int parts, int64_t count, const Body& body) {
  if (parts == 1) {
    body(0, int64_t{0}, count);
    return;
  }
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int part = 0; part < parts; part++) {
    body(part, count * part / parts, count * (part + 1) / parts);
  }
}

// Calls body(begin, end) for contiguous ranges of [0, count) on all threads.
template <class Body>
void parallelFor(int64_t count, int64_t grain, const Body& body) {
  parallelParts(partsFor(count, grain), count,
                [&](int, int64_t begin, int64_t end) { body(begin, end); });
}

// Scratch memory for each part, aligned, of `count` elements each.
template <class T>
struct PartScratch {
  PartScratch(Context& context, int parts, int64_t count)
      : stride((count * static_cast<int64_t>(sizeof(T)) + kScratchAlignment - 1) /
               kScratchAlignment * kScratchAlignment),
        memory(static_cast<char*>(context.scratchMemory(static_cast<size_t>(stride * parts)))) {}
  T* of(int part) const { return reinterpret_cast<T*>(memory + stride * part); }
  int64_t stride;
  char* memory;
};

// Notes that no value of a new tensor is larger in size than the largest of its inputs, where that
// is known, which spares a convolution from reading the values.
[[maybe_unused]] void keepBound(const Tensor* inputs, size_t count, const Tensor& output) {
  float bound = 0;
  for (size_t i = 0; i < count; i++) {
    const Storage& known = *inputs[i].storage;
    if (known.boundVersion != known.version) return;
    // In this order a NaN stays.
    bound = known.bound <= bound ? bound : known.bound;
  }
  output.storage->bound = bound;
  output.storage->boundVersion = output.storage->version;
}

// Integers as wide as a value: exact comparison, and selection without a branch.
template <class T>
struct Bits;
template <>
struct Bits<float> {
  using Type = int32_t;
};
template <>
struct Bits<bf16> {
  using Type = int16_t;
};

template <class T>
inline typename Bits<T>::Type bitsOf(T value) {
  typename Bits<T>::Type bits;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

// keep ? value : 0. Written on floats, GCC makes it a conditional load and gives up vectorising.
template <class T>
inline T zeroUnless(bool keep, T value) {
  using Word = typename Bits<T>::Type;
  Word bits = static_cast<Word>(bitsOf(value) & -static_cast<Word>(keep));
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// max(value, 0), a NaN stays one. The order of the operands matters: maxps, to which compilers
// reduce this, gives its second operand, here the value, where one of them is NaN.
inline float relu(float value) { return value < 0 ? 0 : value; }

// Whether a gradient passes a ReLU whose input or output is `value`. That of a NaN does, as in
// PyTorch.
inline bool passesRelu(float value) { return !(value <= 0); }

}  // namespace
}  // namespace cnn
