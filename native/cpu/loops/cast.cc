// Conversions between element types.
#include "common/conversion.h"
#include "kernel.h"
#include "parallel.h"

namespace cnn {
namespace {

template <class From, class To>
bool castAs(const Call& call) {
  if (call.inputs[0].dtype != TypeOf<From>::value || call.outputs[0].dtype != TypeOf<To>::value) {
    return false;
  }
  const From* __restrict from = valuesOf<From>(call.inputs[0]);
  To* __restrict to = valuesOf<To>(call.outputs[0]);
  parallelFor(call.inputs[0].size, 1 << 14, [from, to](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) to[i] = convert<To>(from[i]);
  });
  return true;
}

template <class From>
bool castFrom(const Call& call) {
  return castAs<From, float>(call) || castAs<From, bf16>(call) || castAs<From, int32_t>(call) ||
         castAs<From, uint8_t>(call);
}

}  // namespace

CNN_KERNEL(Cast, NoParams) {
  return castFrom<float>(call) || castFrom<bf16>(call) || castFrom<int32_t>(call) ||
         castFrom<uint8_t>(call);
}

}  // namespace cnn
