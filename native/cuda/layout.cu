// Kernels that move values without computing: join, split, cut, repeat, transpose, pad, fill.
#include "elementwise.h"

namespace cnn {
namespace {

template <class T>
struct FillWork {
  static constexpr int kPack = packOf<T>();
  struct Loaded {};
  __device__ Loaded load(int64_t) const { return {}; }
  __device__ void store(int64_t first, Loaded) const {
    cuda::Pack<T, kPack> pack;
#pragma unroll
    for (int i = 0; i < kPack; i++) pack.values[i] = value;
    cuda::store(to + first, pack);
  }
  __device__ void one(int64_t i) const { to[i] = value; }
  T* to;
  T value;
};

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

}  // namespace

CNN_CUDA_KERNEL(Fill, FillParams) {
  const Tensor& output = call.outputs[0];
  return withType(output.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = fromFloat<T>(params.value);
    launchEachPack(call, FillWork<T>{valuesOf<T>(output), value}, output.size);
    return true;
  });
}

}  // namespace cnn
