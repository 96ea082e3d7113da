// Streams for JavaScript, by Node-API.
//
// JavaScript writes commands into the Int32Array that it shares with a stream and calls
// submit(words); JavaScript (src/backend) decides on shapes, types and kernels. A stream belongs to
// one environment.
#include "augment/binding.h"

#include <node_api.h>
#include <omp.h>

#include <future>

#include "candidates.h"
#include "choices_binding.h"
#include "collective/binding.h"
#include "cpu/cpu.h"
#include "cuda/cuda.h"
#include "described_call.h"
#include "image_batch_binding.h"
#include "jpeg/binding.h"
#include "node_values.h"
#include "stream.h"

namespace cnn {
namespace {

constexpr size_t kCommandWords = 1 << 16;

// A promise that another thread settles: a read (with its buffer) or a plain sync.
struct Request {
  napi_deferred deferred = nullptr;
  napi_ref buffer = nullptr;
  std::string error;
};

// An open device.
struct Queue {
  std::unique_ptr<Stream> stream;
  std::vector<int32_t> commands = std::vector<int32_t>(kCommandWords);
};

struct Addon {
  std::vector<std::unique_ptr<Queue>> queues;
  std::unique_ptr<Context> measuring;  // for measure()
  napi_threadsafe_function settle = nullptr;
  int unsettled = 0;
};

Addon& addonOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Addon*>(data);
}

// Wrap a function so that a C++ exception becomes a JavaScript one.
template <class Body>
napi_value guarded(napi_env env, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

template <napi_value (*function)(napi_env, Addon&, const Arguments&)>
napi_value entry(napi_env env, napi_callback_info info) {
  return guarded(env, [&] { return function(env, addonOf(env), Arguments(env, info)); });
}

// A method of an open device.
template <napi_value (*function)(napi_env, Queue&, const Arguments&)>
napi_value method(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const Arguments arguments(env, info);
    Queue& queue = *static_cast<Queue*>(arguments.data);
    try {
      return function(env, queue, arguments);
    } catch (const std::bad_alloc&) {
      throw std::runtime_error(outOfMemory(queue.stream->engine()));
    }
  });
}

void settleRequest(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<Request> request(static_cast<Request*>(data));
  if (env == nullptr) return;
  Addon& addon = addonOf(env);
  if (--addon.unsettled == 0) napi_unref_threadsafe_function(env, addon.settle);
  napi_value value = nullptr;
  if (request->buffer != nullptr) {
    napi_get_reference_value(env, request->buffer, &value);
    napi_delete_reference(env, request->buffer);
  } else {
    napi_get_undefined(env, &value);
  }
  if (request->error.empty()) {
    napi_resolve_deferred(env, request->deferred, value);
    return;
  }
  napi_value message, error;
  napi_create_string_utf8(env, request->error.data(), request->error.size(), &message);
  napi_create_error(env, nullptr, message, &error);
  napi_reject_deferred(env, request->deferred, error);
}

// "int32 rows, channels; float32 epsilon; int32[] sizes": the fields of a parameter struct.
std::string textOf(const FieldNames& fields) {
  std::string text;
  const auto append = [&](const char* type, const char* names) {
    if (*names == 0) return;
    text += text.empty() ? "" : "; ";
    text += std::string(type) + " " + names;
  };
  append("int32", fields.ints);
  append("float32", fields.floats);
  append("int32[]", fields.intLists);
  append("float32[]", fields.floatLists);
  return text;
}

// kernels(): [name, fields of its parameters, …] in the order of their numbers.
napi_value kernels(napi_env env, Addon&, const Arguments&) {
  std::vector<std::string> list;
  for (const auto& kernel : kernelTable()) {
    list.push_back(kernel.name);
    list.push_back(textOf(kernel.fields));
  }
  return stringList(env, list);
}

// facts(): [name, value, …] of what the host has to know by the same numbers.
napi_value facts(napi_env env, Addon&, const Arguments&) {
  std::string types;
  for (DType type : {DType::Float32, DType::BFloat16, DType::Int32, DType::UInt8}) {
    types += types.empty() ? "" : ", ";
    types += nameOf(type) + std::string(" ") + std::to_string(bytesOf(type));
  }
  return stringList(
      env, {"types and bytes", types, "activations", kActivationNames, "alignment",
            std::to_string(MemoryPool::kAlignment), "longest pooling window",
            std::to_string(kMaxPoolFilter), "most axes with strides", std::to_string(kMaxRank),
            "random numbers of dropout", std::to_string(kDropoutPurpose), "command that frees",
            std::to_string(kFree), "commands around a step",
            std::to_string(kBeginStep) + ", " + std::to_string(kEndStep)});
}

// hasCpu(): whether the kernels of the CPU were built in.
napi_value hasCpu(napi_env env, Addon&, const Arguments&) {
  napi_value value;
  NAPI_CHECK(napi_get_boolean(env, cnn::hasCpu(), &value));
  return value;
}

DType typeOf(int32_t number) {
  if (number >= 0 && number <= static_cast<int>(DType::UInt8)) return static_cast<DType>(number);
  throw std::runtime_error("there is no type " + std::to_string(number));
}

// multipliesBf16(): whether the processor has instructions for it.
napi_value multipliesBf16(napi_env env, Addon&, const Arguments&) {
  napi_value value;
  NAPI_CHECK(napi_get_boolean(env, cpuMultipliesBf16(), &value));
  return value;
}

// onednnVersion(): of the library that was loaded.
napi_value onednnVersion(napi_env env, Addon&, const Arguments&) {
  return string(env, cnn::onednnVersion());
}

// A context in which kernels take their memory, which is none, and compute nothing.
Context& measuringContext(Addon& addon, int32_t threads) {
  if (!addon.measuring) addon.measuring = measuringCpu();
  addon.measuring->threads = threadsOf(threads);
  omp_set_num_threads(addon.measuring->threads);
  return *addon.measuring;
}

// measure(kernel, tensors, words, threads, repeated): [scratch, temporary, kept by each input …] in
// bytes, what a call (described_call.h) would take beside its inputs and outputs; `repeated`: at
// its second run with the same weights.
napi_value measure(napi_env env, Addon& addon, const Arguments& arguments) {
  const DescribedCall described = describedCall(arguments, 0);
  Context& context = measuringContext(addon, arguments.integer(3));
  const std::vector<Tensor> inputs = createTensors(context.pool, described.inputs);
  const std::vector<Tensor> outputs = createTensors(context.pool, described.outputs);
  const Call call = described.with(context, inputs, outputs);
  // A kernel keeps copies of weights that it meets again.
  if (arguments.integer(4) != 0) measureKernel(described.kernel, call);
  const KernelMemory memory = measureKernel(described.kernel, call);
  napi_value list;
  NAPI_CHECK(napi_create_array(env, &list));
  uint32_t index = 0;
  const auto append = [&](size_t bytes) {
    NAPI_CHECK(napi_set_element(env, list, index++, number(env, static_cast<double>(bytes))));
  };
  append(memory.scratch);
  append(memory.temporary);
  for (size_t bytes : memory.kept) append(bytes);
  return list;
}

// candidates(kernel, tensors, words, threads): the names of those that can compute a call on the
// CPU, the fixed table's first; none where the kernel has none.
napi_value candidates(napi_env env, Addon& addon, const Arguments& arguments) {
  const DescribedCall described = describedCall(arguments, 0);
  if (candidateNames(described.kernel, Device::Cpu).empty()) return stringList(env, {});
  Context& context = measuringContext(addon, arguments.integer(3));
  const std::vector<Tensor> inputs = createTensors(context.pool, described.inputs);
  const std::vector<Tensor> outputs = createTensors(context.pool, described.outputs);
  return stringList(env, candidatesFor(described.kernel, described.with(context, inputs, outputs)));
}

// commands(): the shared ArrayBuffer that submit() reads from.
napi_value commands(napi_env env, Queue& queue, const Arguments&) {
  napi_value buffer;
  NAPI_CHECK(napi_create_external_arraybuffer(
      env, queue.commands.data(), queue.commands.size() * 4, [](napi_env, void*, void*) {}, nullptr,
      &buffer));
  return buffer;
}

// submit(words): enqueues the commands that the first `words` words of the shared buffer hold.
napi_value submit(napi_env, Queue& queue, const Arguments& arguments) {
  const int32_t words = arguments.integer(0);
  if (words < 0 || static_cast<size_t>(words) > kCommandWords) {
    throw std::runtime_error("expected at most " + std::to_string(kCommandWords) + " words");
  }
  queue.stream->submit(queue.commands.data(), static_cast<size_t>(words));
  return nullptr;
}

// write(slot, dtype, values): copies the values now.
napi_value write(napi_env, Queue& queue, const Arguments& arguments) {
  size_t bytes;
  const void* values = arguments.typedArray(2, &bytes);
  const DType dtype = typeOf(arguments.integer(1));
  queue.stream->write(arguments.integer(0), dtype, values,
                      static_cast<int64_t>(bytes / bytesOf(dtype)));
  return nullptr;
}

// Where a read writes to: values of `width` bytes.
struct Room {
  void* values;
  int64_t size;
  size_t width;

  Room(napi_env env, napi_value array) {
    napi_typedarray_type type;
    size_t length;
    NAPI_CHECK(napi_get_typedarray_info(env, array, &type, &length, &values, nullptr, nullptr));
    size = static_cast<int64_t>(length);
    width = Arguments::bytesOf(type);
  }
};

// readSync(slot, into): waits, then fills the typed array.
napi_value readSync(napi_env env, Queue& queue, const Arguments& arguments) {
  const Room into(env, arguments.values[1]);
  std::promise<std::string> answer;
  queue.stream->read(arguments.integer(0), into.values, into.size, into.width,
                     [&](const std::string& error) { answer.set_value(error); });
  const std::string error = answer.get_future().get();
  if (!error.empty()) throw std::runtime_error(error);
  return nullptr;
}

// A promise and what settles it.
std::pair<napi_value, Done> promiseFor(napi_env env, Request* request) {
  Addon& addon = addonOf(env);
  napi_value promise;
  NAPI_CHECK(napi_create_promise(env, &request->deferred, &promise));
  if (addon.unsettled++ == 0) napi_ref_threadsafe_function(env, addon.settle);
  napi_threadsafe_function settle = addon.settle;
  return {promise, [request, settle](const std::string& error) {
            request->error = error;
            napi_call_threadsafe_function(settle, request, napi_tsfn_nonblocking);
          }};
}

// read(slot, into): a promise of `into`, filled.
napi_value read(napi_env env, Queue& queue, const Arguments& arguments) {
  const int32_t slot = arguments.integer(0);
  const Room into(env, arguments.values[1]);
  auto request = std::make_unique<Request>();
  NAPI_CHECK(napi_create_reference(env, arguments.values[1], 1, &request->buffer));
  auto [promise, done] = promiseFor(env, request.release());
  queue.stream->read(slot, into.values, into.size, into.width, done);
  return promise;
}

// sync(): a promise that everything enqueued so far is done.
napi_value sync(napi_env env, Queue& queue, const Arguments&) {
  auto [promise, done] = promiseFor(env, std::make_unique<Request>().release());
  queue.stream->sync(done);
  return promise;
}

// memory(reset): [used, peak] bytes of tensors; `reset` makes the peak what is used now.
napi_value memory(napi_env env, Queue& queue, const Arguments& arguments) {
  const MemoryUse use = queue.stream->engine().memory(arguments.boolean(0));
  napi_value list;
  NAPI_CHECK(napi_create_array_with_length(env, 2, &list));
  NAPI_CHECK(napi_set_element(env, list, 0, number(env, static_cast<double>(use.used))));
  NAPI_CHECK(napi_set_element(env, list, 1, number(env, static_cast<double>(use.peak))));
  return list;
}

// profile(on): starts or ends the timing of kernel calls that are submitted from now on.
napi_value profile(napi_env, Queue& queue, const Arguments& arguments) {
  queue.stream->profile(arguments.boolean(0));
  return nullptr;
}

// timings(): [kernel's number, start, end, …] of the calls timed since the last time, in order and
// in seconds of process.hrtime(); call it after a sync.
napi_value timings(napi_env env, Queue& queue, const Arguments&) {
  napi_value list;
  NAPI_CHECK(napi_create_array(env, &list));
  uint32_t index = 0;
  for (const auto& timing : queue.stream->takeTimings()) {
    for (double value : {static_cast<double>(timing.kernel), timing.start, timing.end}) {
      NAPI_CHECK(napi_set_element(env, list, index++, number(env, value)));
    }
  }
  return list;
}

napi_value trim(napi_env, Queue& queue, const Arguments&) {
  queue.stream->trim();
  return nullptr;
}

napi_value open(napi_env env, Addon& addon, std::unique_ptr<Engine> engine) {
  addon.queues.push_back(std::make_unique<Queue>());
  Queue* queue = addon.queues.back().get();
  napi_value device;
  NAPI_CHECK(napi_create_object(env, &device));
  napi_value description = string(env, engine->describe());
  NAPI_CHECK(napi_set_named_property(env, device, "description", description));
  napi_value capacity = number(env, static_cast<double>(engine->capacity()));
  NAPI_CHECK(napi_set_named_property(env, device, "memoryBytes", capacity));
  queue->stream = std::make_unique<Stream>(std::move(engine));
  define(env, device, "commands", method<commands>, queue);
  define(env, device, "submit", method<submit>, queue);
  define(env, device, "write", method<write>, queue);
  define(env, device, "readSync", method<readSync>, queue);
  define(env, device, "read", method<read>, queue);
  define(env, device, "sync", method<sync>, queue);
  define(env, device, "memory", method<memory>, queue);
  define(env, device, "profile", method<profile>, queue);
  define(env, device, "timings", method<timings>, queue);
  define(env, device, "trim", method<trim>, queue);
  defineImageBatches(env, device, *queue->stream);
  defineChoices(env, device, *queue->stream);
  defineJoining(env, device, *queue->stream);
  return device;
}

// openCpu(threads, strict): a device, whose thread starts.
napi_value openCpu(napi_env env, Addon& addon, const Arguments& arguments) {
  return open(env, addon, cnn::openCpu(threadsOf(arguments.integer(0)), arguments.boolean(1)));
}

// openCuda(device, tf32, deterministic): a GPU by its number.
napi_value openCuda(napi_env env, Addon& addon, const Arguments& arguments) {
  CudaOptions options;
  options.device = arguments.integer(0);
  options.tf32 = arguments.boolean(1);
  options.deterministic = arguments.boolean(2);
  return open(env, addon, cnn::openCuda(options));
}

// describeCuda(): a line for each GPU; throws why there is none.
napi_value describeCuda(napi_env env, Addon&, const Arguments&) {
  return stringList(env, cnn::describeCuda());
}

// describeNvjpeg(): the library that decodes on a GPU; throws why there is none.
napi_value describeNvjpeg(napi_env env, Addon&, const Arguments&) {
  return string(env, cnn::describeNvjpeg());
}

void setUp(napi_env env, napi_value exports) {
  auto addon = std::make_unique<Addon>();
  NAPI_CHECK(napi_create_threadsafe_function(env, nullptr, nullptr, string(env, "cnn"), 0, 1,
                                             nullptr, nullptr, nullptr, settleRequest,
                                             &addon->settle));
  NAPI_CHECK(napi_unref_threadsafe_function(env, addon->settle));
  NAPI_CHECK(napi_set_instance_data(
      env, addon.release(), [](napi_env, void* data, void*) { delete static_cast<Addon*>(data); },
      nullptr));
  define(env, exports, "openCpu", entry<openCpu>);
  define(env, exports, "openCuda", entry<openCuda>);
  define(env, exports, "describeCuda", entry<describeCuda>);
  define(env, exports, "describeNvjpeg", entry<describeNvjpeg>);
  define(env, exports, "kernels", entry<kernels>);
  define(env, exports, "facts", entry<facts>);
  define(env, exports, "hasCpu", entry<hasCpu>);
  define(env, exports, "multipliesBf16", entry<multipliesBf16>);
  define(env, exports, "onednnVersion", entry<onednnVersion>);
  define(env, exports, "measure", entry<measure>);
  define(env, exports, "candidates", entry<candidates>);
  defineAugment(env, exports);
  defineCollective(env, exports);
  defineJpeg(env, exports);
}

}  // namespace
}  // namespace cnn

NAPI_MODULE_INIT() {
  try {
    cnn::setUp(env, exports);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
