#include "common/conversion.h"
#include "elementwise.h"

namespace cnn {
namespace {

template <class From, class To>
struct Conversion {
  __device__ static To apply(From value) { return convert<To>(value); }
};

}  // namespace

CNN_CUDA_KERNEL(Cast, NoParams) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  return withType(x.dtype, [&](auto from) {
    return withType(y.dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      const MapWork<Conversion<From, To>, From, To> work{valuesOf<From>(x), valuesOf<To>(y)};
      launchEachPack(call, work, x.size);
      return true;
    });
  });
}

}  // namespace cnn
