// Functions of one number. To add one: its line in common/unary_functors.h and one here.
#include "common/unary_functors.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 1 << 15;

template <class Functor>
bool unary(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  if (x.dtype != y.dtype) return false;
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

#define CNN_UNARY(name) \
  CNN_KERNEL(name, NoParams) { return unary<functors::name>(call); }

CNN_UNARY(Abs)
CNN_UNARY(Ceil)
CNN_UNARY(Exp)
CNN_UNARY(Floor)
CNN_UNARY(Log)
CNN_UNARY(Neg)
CNN_UNARY(Reciprocal)
CNN_UNARY(Relu)
CNN_UNARY(Relu6)
CNN_UNARY(Rsqrt)
CNN_UNARY(ScaledTanh)
CNN_UNARY(Sigmoid)
CNN_UNARY(Sign)
CNN_UNARY(Sqrt)
CNN_UNARY(Square)
CNN_UNARY(Step)
CNN_UNARY(Tanh)

}  // namespace cnn
