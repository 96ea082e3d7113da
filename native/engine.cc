#include "engine.h"

#include <cstring>

namespace cnn {

std::string outOfMemory(Engine& engine) {
  return "out of memory beside " + std::to_string(engine.memory(false).used >> 20) + " MiB in use";
}

std::shared_ptr<ImageBatch> Engine::beginBatch(int, int, int) {
  throw std::runtime_error("only a GPU decodes images into its own memory");
}

std::string Engine::describeDecoder() {
  throw std::runtime_error("only a GPU decodes images into its own memory");
}

std::vector<CandidateTime> Engine::timeCandidates(const DescribedCall&, const TimeLimit&) {
  return {};
}

void widenTo(void* into, const void* values, DType type, int64_t size) {
  if (type != DType::BFloat16) {
    if (size > 0) std::memcpy(into, values, bytesOf(type) * static_cast<size_t>(size));
    return;
  }
  const bf16* narrow = static_cast<const bf16*>(values);
  float* floats = static_cast<float*>(into);
  for (int64_t i = 0; i < size; i++) floats[i] = toFloat(narrow[i]);
}

}  // namespace cnn
