// What processes that train together sum and gather. The thread that computes goes on between the
// two kernels of a sum, and waits for what it gathers.
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

CNN_KERNEL(AllGather, AllGatherParams) {
  const Tensor& own = call.inputs[0];
  Communicator* communicator = call.context.communicator;
  if (communicator == nullptr) {
    for (const Tensor& output : call.outputs) std::memcpy(output.raw(), own.raw(), own.bytes());
    return true;
  }
  if (static_cast<size_t>(communicator->world().size) != call.outputs.size()) {
    throw std::runtime_error("expected an output for each process");
  }
  const std::vector<char> all = communicator->gatherNow(
      own.raw(), own.bytes(), "the values of step " + std::to_string(params.step));
  const char* from = all.data();
  for (const Tensor& output : call.outputs) {
    std::memcpy(output.raw(), from, own.bytes());
    from += own.bytes();
  }
  return true;
}

}  // namespace cnn
