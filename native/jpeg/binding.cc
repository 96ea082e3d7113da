// JPEG decoding for JavaScript, by Node-API.
#include "jpeg/binding.h"

#include <memory>

#include "cpu/isa.h"
#include "image_batch_binding.h"
#include "jpeg/file_bytes.h"
#include "jpeg/pool.h"
#include "node_values.h"

namespace cnn {
namespace {

// A promise of a request, and what must stay in memory until it is settled.
struct Pending {
  napi_deferred deferred = nullptr;
  napi_ref buffers[2] = {};
  bool complete = false;
};

// A pool, and how its threads reach JavaScript.
struct Host {
  Host(int threads, const JpegLimits& limits) : pool(threads, selectedIsa(), limits) {}
  napi_threadsafe_function settle = nullptr;
  int unsettled = 0;
  JpegPool pool;
};

Host& hostOf(const Arguments& arguments) {
  void* host;
  NAPI_CHECK(napi_get_value_external(arguments.env, arguments.values[0], &host));
  return *static_cast<Host*>(host);
}

void settle(napi_env env, napi_value, void* context, void* data) {
  std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
  if (env == nullptr) return;
  Host& host = *static_cast<Host*>(context);
  if (--host.unsettled == 0) napi_unref_threadsafe_function(env, host.settle);
  for (napi_ref buffer : pending->buffers) {
    if (buffer != nullptr) napi_delete_reference(env, buffer);
  }
  napi_value value;
  napi_get_boolean(env, pending->complete, &value);
  napi_resolve_deferred(env, pending->deferred, value);
}

// Called when the environment ends, and before it takes `settle` away, into which threads call.
void endHost(void* data) {
  Host* host = static_cast<Host*>(data);
  host->pool.stop();
  host->pool.join();
  host->settle = nullptr;
}

// Called when JavaScript has forgotten the pool, or at the very end.
void releaseHost(napi_env env, void* data, void*) {
  std::unique_ptr<Host> host(static_cast<Host*>(data));
  if (host->settle == nullptr) return;
  napi_threadsafe_function settle = host->settle;
  napi_remove_env_cleanup_hook(env, endHost, data);
  endHost(data);
  napi_release_threadsafe_function(settle, napi_tsfn_abort);
}

// openJpegPool(threads, maxPixels, upright): a pool of threads, which keeps the process alive only
// while it works.
napi_value openJpegPool(napi_env env, const Arguments& arguments) {
  const JpegLimits limits{arguments.real(1), arguments.boolean(2)};
  auto host = std::make_unique<Host>(threadsOf(arguments.integer(0)), limits);
  NAPI_CHECK(napi_create_threadsafe_function(env, nullptr, nullptr, string(env, "jpeg"), 0, 1,
                                             nullptr, nullptr, host.get(), settle, &host->settle));
  NAPI_CHECK(napi_unref_threadsafe_function(env, host->settle));
  NAPI_CHECK(napi_add_env_cleanup_hook(env, endHost, host.get()));
  napi_value result;
  NAPI_CHECK(napi_create_external(env, host.release(), releaseHost, nullptr, &result));
  return result;
}

// closeJpegPool(pool): the threads end after the image in their hands.
napi_value closeJpegPool(napi_env, const Arguments& arguments) {
  hostOf(arguments).pool.stop();
  return nullptr;
}

// jpegFacts(): [name, value, …] of what the host has to know too (src/data/decode/jpeg.ts).
napi_value jpegFacts(napi_env env, const Arguments&) {
  return stringList(env, {"record", JpegRecord::kDoubles, "most bytes of a file",
                          std::to_string(FileBytes::kMostBytes)});
}

napi_ref keep(napi_env env, napi_value value) {
  napi_ref reference;
  NAPI_CHECK(napi_create_reference(env, value, 1, &reference));
  return reference;
}

// The request that the arguments (pool, files, records) make; files are names that end in 0.
std::shared_ptr<JpegRequest> requestOf(const Arguments& arguments) {
  auto request = std::make_shared<JpegRequest>();
  size_t bytes;
  const char* names = static_cast<const char*>(arguments.typedArray(1, &bytes));
  for (const char* end = names + bytes; names < end; names += request->files.back().size() + 1) {
    request->files.emplace_back(names, strnlen(names, end - names));
  }
  request->records = static_cast<JpegRecord*>(arguments.typedArray(2, &bytes));
  if (bytes != request->files.size() * sizeof(JpegRecord)) {
    throw std::runtime_error("expected a record for each of the " +
                             std::to_string(request->files.size()) + " files");
  }
  for (size_t i = 0; i < request->files.size(); i++) expectWhole(request->records[i]);
  return request;
}

napi_value submit(const Arguments& arguments, const std::shared_ptr<JpegRequest>& request,
                  bool images) {
  Host& host = hostOf(arguments);
  napi_value promise;
  auto pending = std::make_unique<Pending>();
  NAPI_CHECK(napi_create_promise(arguments.env, &pending->deferred, &promise));
  pending->buffers[0] = keep(arguments.env, arguments.values[2]);
  if (images) pending->buffers[1] = keep(arguments.env, arguments.values[3]);
  if (host.unsettled++ == 0) napi_ref_threadsafe_function(arguments.env, host.settle);
  request->done = [pending = pending.release(), settle = host.settle](bool complete) {
    pending->complete = complete;
    napi_call_threadsafe_function(settle, pending, napi_tsfn_nonblocking);
  };
  host.pool.submit(request);
  return promise;
}

// measureJpegs(pool, files, records): a promise that widths and heights are filled in; false if the
// pool was closed before that.
napi_value measureJpegs(napi_env, const Arguments& arguments) {
  return submit(arguments, requestOf(arguments), false);
}

// fillFromJpegs(pool, files, records, images, size, channels, operations): the same for the slots.
napi_value fillFromJpegs(napi_env, const Arguments& arguments) {
  auto request = requestOf(arguments);
  request->measure = false;
  request->images = static_cast<uint8_t*>(arguments.typedArray(3, &request->bytes));
  request->size = arguments.integer(4);
  request->channels = arguments.integer(5);
  if (request->size < 1 || (request->channels != 1 && request->channels != 3)) {
    throw std::runtime_error("expected slots of at least one pixel of 1 or 3 channels");
  }
  size_t bytes;
  const auto* operations = static_cast<const Operation*>(arguments.typedArray(6, &bytes));
  expectOperations(operations, bytes / sizeof(Operation));
  request->operations.assign(operations, operations + bytes / sizeof(Operation));
  return submit(arguments, request, true);
}

// decodeJpegs(pool, files, records, batch): the same for a batch of a device's beginBatch().
napi_value decodeJpegs(napi_env env, const Arguments& arguments) {
  auto request = requestOf(arguments);
  request->measure = false;
  request->batch = imageBatchOf(env, arguments.values[3]);
  return submit(arguments, request, false);
}

// State for images that are worked on in the JavaScript thread.
struct Single {
  JpegDecoder decoder;
  Pixels pixels;
  SlotFiller filler{passesFor(selectedIsa())};
};

Single& singleOf(const Arguments& arguments) {
  auto& single = *static_cast<std::unique_ptr<Single>*>(arguments.data);
  if (!single) single = std::make_unique<Single>();
  return *single;
}

// measureJpeg(bytes): [width, height, channels], or undefined if it is not for this decoder.
napi_value measureJpeg(napi_env env, const Arguments& arguments) {
  JpegDecoder& decoder = singleOf(arguments).decoder;
  size_t length;
  const uint8_t* bytes = static_cast<const uint8_t*>(arguments.typedArray(0, &length));
  if (!decoder.open(bytes, length)) return nullptr;
  napi_value list;
  NAPI_CHECK(napi_create_array_with_length(env, 3, &list));
  NAPI_CHECK(napi_set_element(env, list, 0, number(env, decoder.width())));
  NAPI_CHECK(napi_set_element(env, list, 1, number(env, decoder.height())));
  NAPI_CHECK(napi_set_element(env, list, 2, number(env, decoder.grey() ? 1 : 3)));
  return list;
}

// decodeJpeg(bytes, into): fills (height, width, channels); false if the image is damaged.
napi_value decodeJpeg(napi_env env, const Arguments& arguments) {
  Single& single = singleOf(arguments);
  auto& decoder = single.decoder;
  size_t length, room;
  const uint8_t* bytes = static_cast<const uint8_t*>(arguments.typedArray(0, &length));
  uint8_t* into = static_cast<uint8_t*>(arguments.typedArray(1, &room));
  bool decoded = decoder.open(bytes, length);
  if (decoded) {
    const int channels = decoder.grey() ? 1 : 3;
    const size_t needed = static_cast<size_t>(decoder.width()) * decoder.height() * channels;
    if (room != needed) {
      throw std::runtime_error("expected room for " + std::to_string(needed) + " bytes");
    }
    decoded = single.filler.decode(decoder, channels, into);
  }
  napi_value result;
  NAPI_CHECK(napi_get_boolean(env, decoded, &result));
  return result;
}

// fillFromPixels(pixels, record, slot, size, channels): fills (size, size, channels) with what the
// record's window shows of an image of its width and height.
napi_value fillFromPixels(napi_env, const Arguments& arguments) {
  size_t bytes, fields, room;
  const uint8_t* data = static_cast<const uint8_t*>(arguments.typedArray(0, &bytes));
  const void* numbers = arguments.typedArray(1, &fields);
  uint8_t* slot = static_cast<uint8_t*>(arguments.typedArray(2, &room));
  const int size = arguments.integer(3), channels = arguments.integer(4);
  if (fields != sizeof(JpegRecord)) throw std::runtime_error("expected a record of the image");
  const JpegRecord& record = *static_cast<const JpegRecord*>(numbers);
  expectWhole(record);
  const size_t area = static_cast<size_t>(record.width) * static_cast<size_t>(record.height);
  if (area == 0 || (bytes != area && bytes != 3 * area)) {
    throw std::runtime_error("expected an image of 1 or 3 channels");
  }
  if (size < 1 || (channels != 1 && channels != 3) ||
      room != static_cast<size_t>(size) * size * channels) {
    throw std::runtime_error("expected a slot of at least one pixel of 1 or 3 channels");
  }
  const int width = static_cast<int>(record.width), height = static_cast<int>(record.height);
  const Window window = windowOf(record);
  if (!fits(window, width, height, size)) {
    throw std::runtime_error("expected a window within the image and the slot");
  }
  Single& single = singleOf(arguments);
  single.pixels.open(data, width, height, bytes == area ? 1 : 3);
  single.filler.fill(single.pixels, window, size, channels, slot);
  return nullptr;
}

}  // namespace

void defineJpeg(napi_env env, napi_value exports) {
  auto* single = new std::unique_ptr<Single>();
  NAPI_CHECK(napi_add_env_cleanup_hook(
      env, [](void* data) { delete static_cast<std::unique_ptr<Single>*>(data); }, single));
  define(env, exports, "openJpegPool", entry<openJpegPool>);
  define(env, exports, "closeJpegPool", entry<closeJpegPool>);
  define(env, exports, "jpegFacts", entry<jpegFacts>);
  define(env, exports, "measureJpegs", entry<measureJpegs>);
  define(env, exports, "fillFromJpegs", entry<fillFromJpegs>);
  define(env, exports, "decodeJpegs", entry<decodeJpegs>);
  define(env, exports, "measureJpeg", entry<measureJpeg>, single);
  define(env, exports, "decodeJpeg", entry<decodeJpeg>, single);
  define(env, exports, "fillFromPixels", entry<fillFromPixels>, single);
}

}  // namespace cnn
