// Functions of two numbers, with broadcasting. To add one: its line in common/binary_functors.h,
// and its name in src/backend/parameters.ts.
#include "common/binary_functors.h"
#include "common/binary_types.h"
#include "strided.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 1 << 15;

// A run of results; its operands advance, or stay at one value (stride 0).
template <class Functor, class A, class B, class R>
void binaryRun(const A* __restrict a, int64_t strideA, const B* __restrict b, int64_t strideB,
               R* __restrict result, int64_t count) {
  if (strideA == 0) {
    const float value = toFloat(*a);
    for (int64_t i = 0; i < count; i++) {
      result[i] = fromFloat<R>(Functor::apply(value, toFloat(b[i])));
    }
  } else if (strideB == 0) {
    const float value = toFloat(*b);
    for (int64_t i = 0; i < count; i++) {
      result[i] = fromFloat<R>(Functor::apply(toFloat(a[i]), value));
    }
  } else {
    for (int64_t i = 0; i < count; i++) {
      result[i] = fromFloat<R>(Functor::apply(toFloat(a[i]), toFloat(b[i])));
    }
  }
}

template <class Functor, class A, class B, class R>
bool binaryAs(const Call& call, const BinaryParams& params, A, B, R) {
  const A* a = valuesOf<A>(call.inputs[0]);
  const B* b = valuesOf<B>(call.inputs[1]);
  R* result = valuesOf<R>(call.outputs[0]);
  const Strided<2> walk(params.rank, listsOf<BinaryParams>(call));
  const int64_t strideA = walk.strides[0][walk.rank - 1];
  const int64_t strideB = walk.strides[1][walk.rank - 1];
  parallelFor(walk.size(), kGrain, [&](int64_t begin, int64_t end) {
    walk.runs(begin, end, [&](int64_t at, int64_t count, const int64_t* offsets) {
      binaryRun<Functor>(a + offsets[0], strideA, b + offsets[1], strideB, result + at, count);
    });
  });
  return true;
}

}  // namespace

#define CNN_BINARY(name, types, expression)                            \
  CNN_KERNEL(name, BinaryParams) {                                     \
    return with##types##Types(call, [&](auto a, auto b, auto result) { \
      return binaryAs<functors::name>(call, params, a, b, result);     \
    });                                                                \
  }
CNN_BINARY_FUNCTIONS(CNN_BINARY)

}  // namespace cnn
