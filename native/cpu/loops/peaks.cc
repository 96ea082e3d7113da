// The machine's peaks, for profiles: the rates of multiply-adds and of memory.
#include "parallel.h"
#include "vector.h"

namespace cnn {
namespace {

// As many as hide the latency of a multiply-add and fit into the registers of each instruction set.
constexpr int kChains = 12;

float multiplyAdds(int rounds, float start) {
  Vector chains[kChains];
  for (int c = 0; c < kChains; c++) chains[c] = Vector{} + (start + static_cast<float>(c));
  // Converges to 2, so that no value overflows or becomes subnormal.
  const Vector factor = Vector{} + 0.5f;
  const Vector term = Vector{} + 1.0f;
  for (int round = 0; round < rounds; round++) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; c++) chains[c] = chains[c] * factor + term;
  }
  Vector sum{};
  for (int c = 0; c < kChains; c++) sum += chains[c];
  float total = 0;
  for (int lane = 0; lane < kLanes; lane++) total += sum[lane];
  return total;
}

}  // namespace

// output: a value for each thread, so that the sums are not optimised away
CNN_KERNEL(PeakMultiplyAdd, PeakMultiplyAddParams) {
  float* sums = valuesOf<float>(call.outputs[0]);
  const int rounds = params.count / (kChains * kLanes);
  parallelParts(params.threads, params.threads, [&](int part, int64_t, int64_t) {
    sums[part] = multiplyAdds(rounds, static_cast<float>(part));
  });
  return true;
}

// Changes a tensor of float32 in place, which loads no line of memory only to overwrite it.
CNN_KERNEL(PeakUpdate, NoParams) {
  float* values = valuesOf<float>(call.inputs[0]);
  parallelFor(call.inputs[0].size, 1 << 16, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) values[i] = 1.0f - values[i];
  });
  return true;
}

CNN_KERNEL(PeakCopy, NoParams) {
  const char* from = static_cast<const char*>(call.inputs[0].raw());
  char* to = static_cast<char*>(call.outputs[0].raw());
  parallelFor(
      static_cast<int64_t>(call.inputs[0].bytes()), 1 << 16,
      [&](int64_t begin, int64_t end) { std::memcpy(to + begin, from + begin, end - begin); });
  return true;
}

}  // namespace cnn
