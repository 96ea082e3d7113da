// Changes of pixels for JavaScript, by Node-API.
#include "augment/binding.h"

#include <memory>

#include "augment/operations.h"
#include "cpu/isa.h"
#include "node_values.h"

namespace cnn {
namespace {

// augmentFacts(): [name, value, …] of what the host has to know too (src/augment/operations.ts).
napi_value augmentFacts(napi_env env, const Arguments&) {
  return stringList(env, {"operations", kOperationKindNames, "numbers of an operation",
                          std::to_string(sizeof(Operation) / sizeof(double))});
}

// augmentPixels(pixels, size, channels, operations): changes an image (size, size, channels).
napi_value augmentPixels(napi_env, const Arguments& arguments) {
  auto& augmenter = *static_cast<std::unique_ptr<Augmenter>*>(arguments.data);
  if (!augmenter) augmenter = std::make_unique<Augmenter>(selectedIsa());
  size_t room, bytes;
  uint8_t* pixels = static_cast<uint8_t*>(arguments.typedArray(0, &room));
  const int size = arguments.integer(1), channels = arguments.integer(2);
  const auto* operations = static_cast<const Operation*>(arguments.typedArray(3, &bytes));
  if (size < 1 || (channels != 1 && channels != 3) ||
      room != static_cast<size_t>(size) * size * channels) {
    throw std::runtime_error("expected a square image of 1 or 3 channels");
  }
  if (bytes % sizeof(Operation) != 0) throw std::runtime_error("expected whole operations");
  const size_t count = bytes / sizeof(Operation);
  expectOperations(operations, count);
  augmenter->apply(operations, count, size, channels, pixels);
  return nullptr;
}

}  // namespace

void defineAugment(napi_env env, napi_value exports) {
  auto* augmenter = new std::unique_ptr<Augmenter>();
  NAPI_CHECK(napi_add_env_cleanup_hook(
      env, [](void* data) { delete static_cast<std::unique_ptr<Augmenter>*>(data); }, augmenter));
  define(env, exports, "augmentFacts", entry<augmentFacts>);
  define(env, exports, "augmentPixels", entry<augmentPixels>, augmenter);
}

}  // namespace cnn
