// Conversions between element types.
#include "kernel.h"
#include "parallel.h"

namespace cnn {
namespace {

template <class From, class To>
bool castAs(const Call& call) {
  if (call.inputs[0].dtype != TypeOf<From>::value || call.outputs[0].dtype != TypeOf<To>::value) {
    return false;
  }
  const From* from = call.inputs[0].data<From>();
  To* to = call.outputs[0].data<To>();
  parallelFor(call.inputs[0].size, 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) to[i] = fromFloat<To>(toFloat(from[i]));
  });
  return true;
}

}  // namespace

// float32 and bfloat16 to each other, int32 and bytes (as they are) to both.
CNN_KERNEL(Cast, NoParams) {
  return castAs<float, bf16>(call) || castAs<bf16, float>(call) || castAs<uint8_t, float>(call) ||
         castAs<uint8_t, bf16>(call) || castAs<int32_t, float>(call) || castAs<int32_t, bf16>(call);
}

}  // namespace cnn
