// The values of tensors by their type: what the kernels of all devices begin with.
#pragma once
#include "tensor.h"

namespace cnn {
namespace {  // a copy for each instruction set

// The values of a tensor whose type is known. (Tensor::data is shared code.)
template <class T>
T* valuesOf(const Tensor& tensor) {
  return tensor.exists() ? static_cast<T*>(tensor.raw()) : nullptr;
}

// Calls body with a value of the floating-point type; false for other types.
template <class Body>
bool withFloatType(DType type, const Body& body) {
  switch (type) {
    case DType::Float32:
      return body(float{});
    case DType::BFloat16:
      return body(bf16{});
    default:
      return false;
  }
}

// Calls body with a value of the type.
template <class Body>
bool withType(DType type, const Body& body) {
  switch (type) {
    case DType::Int32:
      return body(int32_t{});
    case DType::UInt8:
      return body(uint8_t{});
    default:
      return withFloatType(type, body);
  }
}

// Calls body with a whole number as wide as an element.
template <class Body>
bool withElementOf(DType type, const Body& body) {
  switch (bytesOf(type)) {
    case 1:
      return body(uint8_t{});
    case 2:
      return body(uint16_t{});
    default:
      return body(uint32_t{});
  }
}

}  // namespace
}  // namespace cnn
