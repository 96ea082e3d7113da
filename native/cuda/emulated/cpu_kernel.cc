#include "cpu_kernel.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "cpu/cpu.h"
#include "stream.h"
#include "tf32.h"

namespace cnn::cuda::emulated {
namespace {

Tensor widened(Context& cpu, const Values& values, bool tf32) {
  Tensor tensor = Tensor::create(&cpu.pool, DType::Float32, values.size);
  float* floats = tensor.data<float>();
  widenTo(floats, values.raw, values.type, values.size);
  if (tf32 && values.type == DType::Float32) {
    std::transform(floats, floats + values.size, floats, roundToTf32);
  }
  return tensor;
}

void narrowTo(const Values& result, const Tensor& values) {
  const float* floats = values.data<float>();
  void* raw = const_cast<void*>(result.raw);
  if (result.type == DType::Float32) {
    std::memcpy(raw, floats, values.bytes());
  } else {
    std::transform(floats, floats + values.size, static_cast<bf16*>(raw), fromFloat<bf16>);
  }
}

void compute(const CpuCall& call) {
  static std::mutex mutex;
  // Never destroyed: a process may end while a stream still computes.
  static Engine* const engine = openCpu(1, false).release();
  const std::lock_guard<std::mutex> lock(mutex);
  engine->enter();
  Context& cpu = engine->context();
  std::vector<Tensor> inputs;
  constexpr size_t kFactors = 2;
  for (const Values& values : call.inputs) {
    const bool factor = inputs.size() < kFactors;
    if (values.raw != nullptr) inputs.push_back(widened(cpu, values, call.tf32 && factor));
  }
  const std::vector<Tensor> outputs = {Tensor::create(&cpu.pool, DType::Float32, call.result.size)};
  const auto& table = kernelTable();
  const auto kernel = std::find_if(table.begin(), table.end(), [&](const KernelBodies& known) {
    return known.name == call.kernel;
  });
  runKernel(*kernel, {cpu, call.kernel, inputs, outputs, call.parameters.data(),
                      static_cast<int>(call.parameters.size())});
  narrowTo(call.result, outputs[0]);
}

}  // namespace

void runOnCpu(const Context& context, CpuCall call) {
  enqueue(context.gpu->stream, call.kernel, [call = std::move(call)] { compute(call); });
}

}  // namespace cnn::cuda::emulated
