#include "common/binary_functors.h"
#include "common/binary_types.h"
#include "elementwise.h"
#include "strided.h"

namespace cnn {
namespace {

template <class Functor, class R, class A, class B, int COUNT>
__device__ cuda::Pack<R, COUNT> applyAll(const cuda::Pack<A, COUNT>& a,
                                         const cuda::Pack<B, COUNT>& b) {
  cuda::Pack<R, COUNT> results;
#pragma unroll
  for (int i = 0; i < COUNT; i++) {
    results.values[i] = fromFloat<R>(Functor::apply(toFloat(a.values[i]), toFloat(b.values[i])));
  }
  return results;
}

// Operands of the result's shape.
template <class Functor, class T>
struct EqualShapes {
  static constexpr int kPack = cuda::kPack<T>;
  struct Loaded {
    cuda::Pack<T, kPack> a, b;
  };
  __device__ Loaded load(int64_t first) const {
    return {cuda::load<T, kPack>(a + first), cuda::load<T, kPack>(b + first)};
  }
  __device__ void store(int64_t first, const Loaded& loaded) const {
    cuda::store(result + first, applyAll<Functor, T>(loaded.a, loaded.b));
  }
  __device__ void one(int64_t i) const {
    result[i] = fromFloat<T>(Functor::apply(toFloat(a[i]), toFloat(b[i])));
  }
  const T* a;
  const T* b;
  T* result;
};

template <class Functor, class A, class B, class R, int COUNT>
struct Broadcast {
  static constexpr int kPack = COUNT;
  struct Loaded {
    cuda::Pack<A, kPack> a;
    cuda::Pack<B, kPack> b;
  };
  __device__ Loaded load(int64_t first) const {
    int32_t offsets[2];  // an operand is no larger than the result, of which this is a part
    walk.find(static_cast<uint32_t>(first), offsets);
    return {loadAlong<COUNT>(a + offsets[0], walk.strides[0][0]),
            loadAlong<COUNT>(b + offsets[1], walk.strides[1][0])};
  }
  __device__ void store(int64_t first, const Loaded& loaded) const {
    cuda::store(result + first, applyAll<Functor, R>(loaded.a, loaded.b));
  }
  // The last axis holds whole packs.
  __device__ void one(int64_t) const {}
  Walk<2> walk;
  const A* a;
  const B* b;
  R* result;
};

// Packs only for arithmetic on operands of one type, which training does on whole tensors.
template <class Functor, class A, class B, class R>
bool binaryAs(const Call& call, const BinaryParams& params, A, B, R) {
  constexpr int kCount =
      std::is_same<A, R>::value && std::is_same<B, R>::value ? cuda::kPack<A> : 1;
  const A* a = valuesOf<A>(call.inputs[0]);
  const B* b = valuesOf<B>(call.inputs[1]);
  R* result = valuesOf<R>(call.outputs[0]);
  const Axes<2> all(params.rank, listsOf<BinaryParams>(call));
  if constexpr (kCount > 1) {
    if (all.rank == 1 && all.strides[0][0] == 1 && all.strides[1][0] == 1) {
      launchEachPack(call, EqualShapes<Functor, A>{a, b, result}, all.count());
      return true;
    }
  }
  inParts(all, [&](const Axes<2>& axes, const int64_t* offsets, int64_t at) {
    auto launch = [&](auto count) {
      launchEachPack(call,
                     Broadcast<Functor, A, B, R, decltype(count)::value>{
                         Walk<2>(axes), a + offsets[0], b + offsets[1], result + at},
                     axes.count());
    };
    if (all.packed(kCount) && axes.packed(kCount)) {
      launch(std::integral_constant<int, kCount>{});
    } else {
      launch(std::integral_constant<int, 1>{});
    }
  });
  return true;
}

}  // namespace

#define CNN_BINARY(name, types, expression)                            \
  CNN_CUDA_KERNEL(name, BinaryParams) {                                \
    return with##types##Types(call, [&](auto a, auto b, auto result) { \
      return binaryAs<functors::name>(call, params, a, b, result);     \
    });                                                                \
  }
CNN_BINARY_FUNCTIONS(CNN_BINARY)

}  // namespace cnn
