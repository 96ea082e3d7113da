// Sums over the processes that train together. The thread that computes goes on between the two
// kernels of a sum.
#include <cstring>

#include "collective/communicator.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 1 << 14;

template <class T>
void widen(const T* __restrict from, float* __restrict to, int64_t count) {
  parallelFor(count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) to[i] = toFloat(from[i]);
  });
}

}  // namespace

CNN_KERNEL(AllReduceStart, AllReduceStartParams) {
  const Tensor& sums = call.outputs[0];
  float* to = valuesOf<float>(sums);
  for (const Tensor& input : call.inputs) {
    withFloatType(input.dtype, [&](auto value) {
      widen(valuesOf<decltype(value)>(input), to, input.size);
      return true;
    });
    to += input.size;
  }
  if (Communicator* communicator = call.context.communicator) {
    communicator->beginSum(sums.storage, sums.size, params.narrow != 0,
                           "the gradients of step " + std::to_string(params.step));
  }
  return true;
}

CNN_KERNEL(AllReduceWait, AllReduceWaitParams) {
  const Tensor& sums = call.inputs[0];
  if (Communicator* communicator = call.context.communicator) {
    communicator->endSum(sums.storage);
  }
  float factor = 1;
  if (call.inputs.size() > 1 && call.inputs[1].exists()) {
    const float labels = valuesOf<float>(call.inputs[1])[3];
    factor = static_cast<float>(params.images) / (labels > 1 ? labels : 1);
  }
  const float* from = valuesOf<float>(sums);
  for (const Tensor& output : call.outputs) {
    float* to = valuesOf<float>(output);
    parallelFor(output.size, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) to[i] = factor * from[i];
    });
    from += output.size;
  }
  return true;
}

}  // namespace cnn
