#include "common/philox.h"
#include "elementwise.h"

namespace cnn {
namespace {

// A counter of philox draws four elements.
template <class T>
struct DropoutWork {
  static constexpr int kPack = packOf<T>();
  using Loaded = cuda::Pack<T, kPack>;
  __device__ Loaded load(int64_t first) const { return cuda::load<T, kPack>(x + first); }
  __device__ void store(int64_t first, Loaded values) const {
#pragma unroll
    for (int i = 0; i < kPack; i += 4) {
      const Words4 words = draw(first + i);
#pragma unroll
      for (int j = 0; j < 4; j++) values.values[i + j] = drop(values.values[i + j], words.word[j]);
    }
    cuda::store(y + first, values);
  }
  __device__ void one(int64_t i) const { y[i] = drop(x[i], draw(i).word[i % 4]); }

  __device__ Words4 draw(int64_t i) const {
    return philox4x32(static_cast<uint32_t>(i / 4), static_cast<uint32_t>(p.step),
                      static_cast<uint32_t>(p.layer), 0, static_cast<uint32_t>(p.seed),
                      kDropoutPurpose);
  }
  // A product, not a choice: what is dropped of NaN and infinity is NaN, as in PyTorch.
  __device__ T drop(T value, uint32_t word) const {
    const float factor = word >= static_cast<uint32_t>(p.threshold) ? p.scale : 0.0f;
    return fromFloat<T>(toFloat(value) * factor);
  }
  const T* x;
  T* y;
  DropoutParams p;
};

}  // namespace

CNN_CUDA_KERNEL(Dropout, DropoutParams) {
  const Tensor& x = call.inputs[0];
  const Tensor& y = call.outputs[0];
  if (x.dtype != y.dtype) return false;
  return withFloatType(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    launchEachPack(call, DropoutWork<T>{valuesOf<T>(x), valuesOf<T>(y), params}, y.size);
    return true;
  });
}

}  // namespace cnn
