#include "common/unary_functors.h"
#include "kernels.h"

namespace cnn {
namespace {

template <class Functor, class T>
__global__ void __launch_bounds__(kBlock) applyUnary(const T* from, T* to, int64_t count) {
  for (int64_t i = firstIndex(); i < count; i += indexStride()) {
    to[i] = fromFloat<T>(Functor::apply(toFloat(from[i])));
  }
}

template <class Functor>
bool unary(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  if (x.dtype != y.dtype) return false;
  return withFloatType(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    LAUNCH((applyUnary<Functor, T>), blocksFor(call, x.size, 4), kBlock, streamOf(call),
           valuesOf<T>(x), valuesOf<T>(y), x.size);
    return true;
  });
}

}  // namespace

#define CNN_UNARY(name, expression) \
  CNN_CUDA_KERNEL(name, NoParams) { return unary<functors::name>(call); }
CNN_UNARY_FUNCTIONS(CNN_UNARY)

}  // namespace cnn
