#include "kept_copy.h"

namespace cnn {
namespace {

PackedWeight& entryOf(Storage& storage, const std::string& key) {
  for (auto& entry : storage.packed) {
    if (entry.key == key) return entry;
  }
  storage.packed.push_back({key, 0, nullptr});
  return storage.packed.back();
}

}  // namespace

KeptCopy keptCopy(Context& context, const Tensor& weight, const std::string& key, size_t bytes) {
  Storage& storage = *weight.storage;
  PackedWeight& entry = entryOf(storage, key);
  const bool usedBefore = entry.version == storage.version;
  if (usedBefore && entry.block) return {entry.block->data(), false};
  entry.block.reset();
  entry.version = storage.version;
  if (!usedBefore) return {nullptr, true};
  entry.block = std::make_unique<PoolBlock>(&context.pool, bytes);
  return {entry.block->data(), true};
}

KeptCopy keptCopy(Context& context, const Tensor& weight, const char* key, size_t bytes) {
  return keptCopy(context, weight, std::string(key), bytes);
}

}  // namespace cnn
