// Kernels whose elements do not depend on each other: each thread loads several packs before it
// computes and stores the first, which keeps memory busy.
#pragma once
#include "cuda/kernels.h"

namespace cnn {

constexpr int kPacksInFlight = 4;

// The number of elements in a pack whose widest type fills 16 bytes.
template <class... T>
constexpr int packOf() {
  size_t widest = 1;
  ((widest = sizeof(T) > widest ? sizeof(T) : widest), ...);
  return static_cast<int>(16 / widest);
}

// `Work` has a constant kPack, and on the device
//   Loaded load(int64_t first): what it needs of the kPack elements from `first` on
//   void store(int64_t first, const Loaded&): their results
//   void one(int64_t i): the same for one element
template <class Work>
__global__ void __launch_bounds__(kBlock) eachPack(Work work, int64_t count) {
  constexpr int64_t pack = Work::kPack;
  constexpr int64_t step = kBlock * pack;
  constexpr int64_t chunk = step * kPacksInFlight;
  int64_t start = blockIdx.x * chunk;
  for (; start + chunk <= count; start += gridDim.x * chunk) {
    const int64_t first = start + threadIdx.x * pack;
    typename Work::Loaded loaded[kPacksInFlight];
#pragma unroll
    for (int i = 0; i < kPacksInFlight; i++) loaded[i] = work.load(first + i * step);
#pragma unroll
    for (int i = 0; i < kPacksInFlight; i++) work.store(first + i * step, loaded[i]);
  }
  // One block has the rest, if any.
  int64_t first = start + threadIdx.x * pack;
#pragma unroll 1
  for (; first + pack <= count; first += step) work.store(first, work.load(first));
#pragma unroll 1
  for (; first < count; first++) work.one(first);
}

// Tensors begin where packs may.
template <class Work>
void launchEachPack(const Call& call, const Work& work, int64_t count) {
  if (count == 0) return;
  LAUNCH(eachPack<Work>, blocksFor(call, count, int64_t{Work::kPack} * kPacksInFlight), kBlock,
         streamOf(call), work, count);
}

// y from x of the same type, where places matter. A Function has on the device
//   void changePack(int64_t first, T (&values)[COUNT]): changes the elements from `first` on
//   T changed(int64_t i, T value): the same for one element
template <class Function, class T>
struct PlaceWork {
  static constexpr int kPack = packOf<T>();
  using Loaded = cuda::Pack<T, kPack>;
  __device__ Loaded load(int64_t first) const { return cuda::load<T, kPack>(x + first); }
  __device__ void store(int64_t first, Loaded pack) const {
    function.changePack(first, pack.values);
    cuda::store(y + first, pack);
  }
  __device__ void one(int64_t i) const { y[i] = function.changed(i, x[i]); }
  const T* x;
  T* y;
  Function function;
};

// The same of a whole call.
template <class T, class Function>
void launchWithPlaces(const Call& call, const Function& function) {
  const Tensor& y = call.outputs[0];
  launchEachPack(
      call, PlaceWork<Function, T>{valuesOf<T>(call.inputs[0]), valuesOf<T>(y), function}, y.size);
}

// to[i] = Function::apply(from[i])
template <class Function, class From, class To>
struct MapWork {
  static constexpr int kPack = packOf<From, To>();
  using Loaded = cuda::Pack<From, kPack>;
  __device__ Loaded load(int64_t first) const { return cuda::load<From, kPack>(from + first); }
  __device__ void store(int64_t first, const Loaded& loaded) const {
    cuda::Pack<To, kPack> result;
#pragma unroll
    for (int i = 0; i < kPack; i++) result.values[i] = Function::apply(loaded.values[i]);
    cuda::store(to + first, result);
  }
  __device__ void one(int64_t i) const { to[i] = Function::apply(from[i]); }
  const From* from;
  To* to;
};

}  // namespace cnn
