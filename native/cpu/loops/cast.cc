// Conversions between element types.
#include "common/conversion.h"
#include "kernel.h"
#include "parallel.h"

namespace cnn {
namespace {

template <class From, class To>
void cast(const Call& call) {
  const From* __restrict from = valuesOf<From>(call.inputs[0]);
  To* __restrict to = valuesOf<To>(call.outputs[0]);
  parallelFor(call.inputs[0].size, 1 << 14, [from, to](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) to[i] = convert<To>(from[i]);
  });
}

}  // namespace

CNN_KERNEL(Cast, NoParams) {
  return withType(call.inputs[0].dtype, [&](auto from) {
    return withType(call.outputs[0].dtype, [&](auto to) {
      cast<decltype(from), decltype(to)>(call);
      return true;
    });
  });
}

}  // namespace cnn
