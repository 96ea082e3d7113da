#include "common/conversion.h"
#include "elementwise.h"

namespace cnn {
namespace {

template <class From, class To>
struct Conversion {
  __device__ static To apply(From value) { return convert<To>(value); }
};

template <class From, class To>
bool castAs(const Call& call) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  if (x.dtype != TypeOf<From>::value || y.dtype != TypeOf<To>::value) return false;
  launchEachPack(call, MapWork<Conversion<From, To>, From, To>{valuesOf<From>(x), valuesOf<To>(y)},
                 x.size);
  return true;
}

template <class From>
bool castFrom(const Call& call) {
  return castAs<From, float>(call) || castAs<From, bf16>(call) || castAs<From, int32_t>(call) ||
         castAs<From, uint8_t>(call);
}

}  // namespace

CNN_CUDA_KERNEL(Cast, NoParams) {
  return castFrom<float>(call) || castFrom<bf16>(call) || castFrom<int32_t>(call) ||
         castFrom<uint8_t>(call);
}

}  // namespace cnn
