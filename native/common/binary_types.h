// Which types the kernels of two operands take, and what their results are.
#pragma once
#include <type_traits>

#include "dispatch.h"
#include "kernel.h"

namespace cnn {
namespace {

// Calls body(a, b, result) with values of the types; false for types that are none of them.
// The result is bfloat16 only where both operands are.
template <class Body>
bool withArithmeticTypes(const Call& call, const Body& body) {
  return withFloatType(call.inputs[0].dtype, [&](auto a) {
    return withFloatType(call.inputs[1].dtype, [&](auto b) {
      using A = decltype(a);
      using R = std::conditional_t<std::is_same<A, decltype(b)>::value, A, float>;
      return call.outputs[0].dtype == TypeOf<R>::value && body(a, b, R{});
    });
  });
}

template <class Body>
bool withComparisonTypes(const Call& call, const Body& body) {
  if (call.outputs[0].dtype != DType::UInt8) return false;
  return withFloatType(call.inputs[0].dtype, [&](auto a) {
    return withFloatType(call.inputs[1].dtype, [&](auto b) { return body(a, b, uint8_t{}); });
  });
}

}  // namespace
}  // namespace cnn
