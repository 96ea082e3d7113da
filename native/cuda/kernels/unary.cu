#include "common/unary_functors.h"
#include "elementwise.h"

namespace cnn {
namespace {

template <class Functor, class T>
struct OfStored {
  __device__ static T apply(T value) { return fromFloat<T>(Functor::apply(toFloat(value))); }
};

template <class Functor>
bool unary(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  return withFloatType(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    launchEachPack(call, MapWork<OfStored<Functor, T>, T, T>{valuesOf<T>(x), valuesOf<T>(y)},
                   x.size);
    return true;
  });
}

}  // namespace

#define CNN_UNARY(name, expression) \
  CNN_CUDA_KERNEL(name, NoParams) { return unary<functors::name>(call); }
CNN_UNARY_FUNCTIONS(CNN_UNARY)

}  // namespace cnn
