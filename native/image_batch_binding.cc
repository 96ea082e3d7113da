#include "image_batch_binding.h"

#include "stream_method.h"

namespace cnn {
namespace {

using Held = std::shared_ptr<ImageBatch>;

Held& heldBy(napi_env env, napi_value batch) {
  void* held;
  NAPI_CHECK(napi_get_value_external(env, batch, &held));
  return *static_cast<Held*>(held);
}

// describeDecoder(): what decodes on the device, in words; throws why nothing does.
napi_value describeDecoder(napi_env env, Stream& stream, const Arguments&) {
  return string(env, stream.engine().describeDecoder());
}

// beginBatch(slots, size, channels): a batch (slots, size, size, channels) for decodeJpegs().
napi_value beginBatch(napi_env env, Stream& stream, const Arguments& arguments) {
  const int slots = arguments.integer(0), size = arguments.integer(1);
  const int channels = arguments.integer(2);
  if (slots < 1 || size < 1 || (channels != 1 && channels != 3)) {
    throw std::runtime_error("expected slots of at least one pixel of 1 or 3 channels");
  }
  auto held = std::make_unique<Held>(stream.engine().beginBatch(slots, size, channels));
  napi_value batch;
  NAPI_CHECK(napi_create_external(
      env, held.release(), [](napi_env, void* data, void*) { delete static_cast<Held*>(data); },
      nullptr, &batch));
  return batch;
}

// holdBatch(slot, batch, images, slots): the tensor's slot holds the batch, with some of its slots
// as they are in `images`, (slots, size, size, channels) bytes. Throws what the device failed in.
napi_value holdBatch(napi_env env, Stream& stream, const Arguments& arguments) {
  const Held batch = imageBatchOf(env, arguments.values[1]);
  size_t imageBytes, slotBytes;
  const auto* images = static_cast<const uint8_t*>(arguments.typedArray(2, &imageBytes));
  const auto* slots = static_cast<const int32_t*>(arguments.typedArray(3, &slotBytes));
  stream.hold(arguments.integer(0), batch->give(images, imageBytes, slots, slotBytes / 4));
  heldBy(env, arguments.values[1]).reset();
  return nullptr;
}

// dropBatch(batch): nobody wants it.
napi_value dropBatch(napi_env env, Stream& stream, const Arguments& arguments) {
  stream.hold(-1, imageBatchOf(env, arguments.values[0])->leave());
  heldBy(env, arguments.values[0]).reset();
  return nullptr;
}

}  // namespace

std::shared_ptr<ImageBatch> imageBatchOf(napi_env env, napi_value batch) {
  const Held& held = heldBy(env, batch);
  if (held == nullptr) throw std::runtime_error("expected a batch that was not given away");
  return held;
}

void defineImageBatches(napi_env env, napi_value device, Stream& stream) {
  define(env, device, "describeDecoder", streamMethod<describeDecoder>, &stream);
  define(env, device, "beginBatch", streamMethod<beginBatch>, &stream);
  define(env, device, "holdBatch", streamMethod<holdBatch>, &stream);
  define(env, device, "dropBatch", streamMethod<dropBatch>, &stream);
}

}  // namespace cnn
