// Functions of one number. To add one: its line in common/unary_functors.h, and its name in
// src/backend/parameters.ts.
#include "common/unary_functors.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 1 << 15;

template <class Functor>
bool unary(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  return withFloatType(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* __restrict from = valuesOf<T>(x);
    T* __restrict to = valuesOf<T>(y);
    parallelFor(x.size, kGrain, [from, to](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        to[i] = fromFloat<T>(Functor::apply(toFloat(from[i])));
      }
    });
    return true;
  });
}

}  // namespace

#define CNN_UNARY(name, expression) \
  CNN_KERNEL(name, NoParams) { return unary<functors::name>(call); }
CNN_UNARY_FUNCTIONS(CNN_UNARY)

}  // namespace cnn
