// The GPU's peaks, for profiles: the rates of multiply-adds and of memory.
#include "elementwise.h"

namespace cnn {
namespace {

// As many as hide the latency of a multiply-add.
constexpr int kChains = 12;

// Every thread has `rounds` of kChains multiply-adds; the first `count` write their sums.
__global__ void __launch_bounds__(kBlock) multiplyAdd(float* sums, int64_t count, int64_t rounds) {
  float chains[kChains];
  for (int c = 0; c < kChains; c++) chains[c] = static_cast<float>(firstIndex() + c);
  for (int64_t round = 0; round < rounds; round++) {
    // Converges to 2, so that no value overflows or becomes subnormal.
#pragma unroll
    for (int c = 0; c < kChains; c++) chains[c] = chains[c] * 0.5f + 1.0f;
  }
  float sum = 0;
  for (int c = 0; c < kChains; c++) sum += chains[c];
  // Never true of sums of such chains, which only they can tell.
  if (firstIndex() < count || sum < 0) sums[firstIndex() % count] = sum;
}

struct Same {
  __device__ static uint8_t apply(uint8_t value) { return value; }
};
struct OneMinus {
  __device__ static float apply(float value) { return 1.0f - value; }
};

}  // namespace

// The multiply-adds of all `threads` together, by as many threads as the GPU runs at once.
CNN_CUDA_KERNEL(PeakMultiplyAdd, PeakMultiplyAddParams) {
  const int64_t blocks = int64_t{call.context.gpu->info.multiprocessors} * (2048 / kBlock);
  const int64_t all = int64_t{params.threads} * params.count;
  LAUNCH(multiplyAdd, static_cast<unsigned>(blocks), kBlock, streamOf(call),
         valuesOf<float>(call.outputs[0]), int64_t{params.threads},
         all / (blocks * kBlock * kChains));
  return true;
}

// Changes a tensor of float32 in place.
CNN_CUDA_KERNEL(PeakUpdate, NoParams) {
  float* values = valuesOf<float>(call.inputs[0]);
  launchEachPack(call, MapWork<OneMinus, float, float>{values, values}, call.inputs[0].size);
  return true;
}

CNN_CUDA_KERNEL(PeakCopy, NoParams) {
  const Tensor& from = call.inputs[0];
  launchEachPack(
      call,
      MapWork<Same, uint8_t, uint8_t>{valuesOf<uint8_t>(from), valuesOf<uint8_t>(call.outputs[0])},
      static_cast<int64_t>(from.bytes()));
  return true;
}

}  // namespace cnn
