// Candidates that a test plants by CNN_PLANTED: one that is wrong in one value, and one that is
// slow.
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "candidates.h"

namespace cnn {
namespace {

constexpr auto kDelay = std::chrono::milliseconds(20);

bool isPlanted(const Call& call, const char* name) {
  const char* planted = std::getenv("CNN_PLANTED");
  return call.chosen && planted != nullptr && std::string(planted) == name;
}

void computeByFixedTable(const Call& given) {
  Call call = given;
  call.chosen = false;
  for (const auto& kernel : kernelTable()) {
    if (kernel.name == call.kernel) runFixed(kernel, call);
  }
}

}  // namespace

CNN_CANDIDATE(FusedConv2D, ConvParams, -9, planted_wrong) {
  if (!isPlanted(call, "wrong")) return false;
  computeByFixedTable(call);
  const Tensor& y = call.outputs[0];
  if (!call.context.measuring && y.dtype == DType::Float32) y.data<float>()[y.size / 2] += 1;
  return true;
}

CNN_CANDIDATE(FusedConv2D, ConvParams, -9, planted_slow) {
  if (!isPlanted(call, "slow")) return false;
  computeByFixedTable(call);
  if (!call.context.measuring) std::this_thread::sleep_for(kDelay);
  return true;
}

}  // namespace cnn
