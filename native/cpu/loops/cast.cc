// Conversions between element types.
#include "kernel.h"
#include "parallel.h"

namespace cnn {
namespace {

// Towards zero, and modulo 2^32 where it does not fit, as JavaScript does.
int32_t wholeOf(float value) {
  if (value > -2147483648.0f && value < 2147483648.0f) return static_cast<int32_t>(value);
  if (!(__builtin_fabsf(value) < __builtin_huge_valf())) return 0;
  double rest = __builtin_fmod(static_cast<double>(value), 4294967296.0);
  return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(rest)));
}

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same<To, uint8_t>::value) {
    return toFloat(value) != 0.0f;
  } else if constexpr (std::is_same<To, int32_t>::value && std::is_integral<From>::value) {
    return value;
  } else if constexpr (std::is_same<To, int32_t>::value) {
    return wholeOf(toFloat(value));
  } else {
    return fromFloat<To>(toFloat(value));
  }
}

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

// Bytes become numbers as they are; anything else becomes a byte by whether it is not 0.
CNN_KERNEL(Cast, NoParams) {
  return castFrom<float>(call) || castFrom<bf16>(call) || castFrom<int32_t>(call) ||
         castFrom<uint8_t>(call);
}

}  // namespace cnn
