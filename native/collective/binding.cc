#include "collective/binding.h"

#include <dlfcn.h>

#include "collective/communicator.h"
#include "collective/loopback.h"
#include "node_values.h"

namespace cnn {
namespace {

// A communicator, and how its thread reaches JavaScript. Never freed, as the communicator.
struct Host {
  Communicator* communicator = nullptr;
  napi_threadsafe_function settle = nullptr;
  int unsettled = 0;
};

struct Pending {
  napi_deferred deferred = nullptr;
  std::string error;
  std::vector<char> bytes;
};

void settle(napi_env env, napi_value, void* context, void* data) {
  std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
  if (env == nullptr) return;
  Host& host = *static_cast<Host*>(context);
  if (--host.unsettled == 0) napi_unref_threadsafe_function(env, host.settle);
  napi_value value, message;
  if (!pending->error.empty()) {
    napi_create_string_utf8(env, pending->error.data(), pending->error.size(), &message);
    napi_create_error(env, nullptr, message, &value);
    napi_reject_deferred(env, pending->deferred, value);
    return;
  }
  napi_create_buffer_copy(env, pending->bytes.size(), pending->bytes.data(), nullptr, &value);
  napi_resolve_deferred(env, pending->deferred, value);
}

Host& hostOf(const Arguments& arguments) { return *static_cast<Host*>(arguments.data); }

template <napi_value (*function)(napi_env, Host&, const Arguments&)>
napi_value method(napi_env env, const Arguments& arguments) {
  return function(env, hostOf(arguments), arguments);
}

std::pair<napi_value, Communicator::Finished> promiseFor(napi_env env, Host& host) {
  auto* pending = new Pending;
  napi_value promise;
  NAPI_CHECK(napi_create_promise(env, &pending->deferred, &promise));
  if (host.unsettled++ == 0) napi_ref_threadsafe_function(env, host.settle);
  napi_threadsafe_function settled = host.settle;
  return {promise, [pending, settled](const std::string& error, std::vector<char> bytes) {
            pending->error = error;
            pending->bytes = std::move(bytes);
            napi_call_threadsafe_function(settled, pending, napi_tsfn_nonblocking);
          }};
}

std::vector<char> bytesAt(const Arguments& arguments, int index) {
  size_t count;
  const char* bytes = static_cast<const char*>(arguments.typedArray(index, &count));
  return std::vector<char>(bytes, bytes + count);
}

// gather(bytes): a promise of the bytes of all ranks, as many from each.
napi_value gather(napi_env env, Host& host, const Arguments& arguments) {
  std::vector<char> bytes = bytesAt(arguments, 0);
  auto [promise, finished] = promiseFor(env, host);
  host.communicator->gather(std::move(bytes), finished);
  return promise;
}

// broadcast(bytes, root): a promise of the bytes of `root`, of which all ranks have as many.
napi_value broadcast(napi_env env, Host& host, const Arguments& arguments) {
  std::vector<char> bytes = bytesAt(arguments, 0);
  const int32_t root = arguments.integer(1);
  if (root < 0 || root >= host.communicator->world().size) throw std::runtime_error("no such rank");
  auto [promise, finished] = promiseFor(env, host);
  host.communicator->broadcast(std::move(bytes), root, finished);
  return promise;
}

// close(bytes, seconds): a promise of the last bytes of all ranks, once all have come to the end.
napi_value close(napi_env env, Host& host, const Arguments& arguments) {
  std::vector<char> bytes = bytesAt(arguments, 0);
  const double seconds = arguments.real(1);
  auto [promise, finished] = promiseFor(env, host);
  host.communicator->close(std::move(bytes), seconds, finished);
  return promise;
}

// name(texts): what the ranks are called in errors.
napi_value name(napi_env env, Host& host, const Arguments& arguments) {
  uint32_t count;
  NAPI_CHECK(napi_get_array_length(env, arguments.values[0], &count));
  std::vector<std::string> names;
  for (uint32_t i = 0; i < count; i++) {
    napi_value text;
    NAPI_CHECK(napi_get_element(env, arguments.values[0], i, &text));
    names.push_back(textOf(env, text));
  }
  host.communicator->name(std::move(names));
  return nullptr;
}

// sentForSteps(): how many bytes this process has sent for steps so far.
napi_value sentForSteps(napi_env env, Host& host, const Arguments&) {
  return number(env, static_cast<double>(host.communicator->sentForSteps()));
}

napi_value objectOf(napi_env env, Communicator* communicator, const char* description) {
  auto* host = new Host;
  host->communicator = communicator;
  NAPI_CHECK(napi_create_threadsafe_function(env, nullptr, nullptr, string(env, "collective"), 0, 1,
                                             nullptr, nullptr, host, settle, &host->settle));
  NAPI_CHECK(napi_unref_threadsafe_function(env, host->settle));
  napi_value object, external;
  NAPI_CHECK(napi_create_object(env, &object));
  const TransportWorld& world = communicator->world();
  const auto set = [&](const char* key, napi_value value) {
    NAPI_CHECK(napi_set_named_property(env, object, key, value));
  };
  set("description", string(env, description));
  set("rank", number(env, world.rank));
  set("size", number(env, world.size));
  set("localRank", number(env, world.localRank));
  set("localSize", number(env, world.localSize));
  NAPI_CHECK(napi_create_external(env, communicator, nullptr, nullptr, &external));
  set("handle", external);
  define(env, object, "gather", entry<method<gather>>, host);
  define(env, object, "broadcast", entry<method<broadcast>>, host);
  define(env, object, "close", entry<method<close>>, host);
  define(env, object, "name", entry<method<name>>, host);
  define(env, object, "sentForSteps", entry<method<sentForSteps>>, host);
  return object;
}

// The transport of a library; it stays loaded.
const Transport& transportOf(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto function = reinterpret_cast<TransportFunction>(dlsym(library, kTransportSymbol));
  const Transport* transport = function == nullptr ? nullptr : function();
  if (transport == nullptr || transport->version != kTransportVersion) {
    throw std::runtime_error(path + " was built from other sources");
  }
  return *transport;
}

// describeTransport(path): what a library carries bytes with, in a line; throws why it does not.
napi_value describeTransport(napi_env env, const Arguments& arguments) {
  return string(env, transportOf(textOf(env, arguments.values[0])).describe());
}

// openTransport(path, seconds): the processes that a launcher has started.
napi_value openTransport(napi_env env, const Arguments& arguments) {
  const Transport& transport = transportOf(textOf(env, arguments.values[0]));
  Communicator* communicator = Communicator::open(transport, transport.open, arguments.real(1));
  return objectOf(env, communicator, transport.describe());
}

// openLoopback(name, rank, size, seconds): one of some communicators of this process.
napi_value openLoopback(napi_env env, const Arguments& arguments) {
  const std::string world = textOf(env, arguments.values[0]);
  const int32_t rank = arguments.integer(1), size = arguments.integer(2);
  const auto open = [world, rank, size](void** self, TransportWorld* found) {
    prepareLoopback(world.c_str(), rank, size);
    return loopback()->open(self, found);
  };
  Communicator* communicator = Communicator::open(*loopback(), open, arguments.real(3));
  return objectOf(env, communicator, loopback()->describe());
}

// join(handle): from now on AllReduceStart sums over these processes.
napi_value join(napi_env env, const Arguments& arguments) {
  void* communicator;
  NAPI_CHECK(napi_get_value_external(env, arguments.values[0], &communicator));
  static_cast<Stream*>(arguments.data)->join(static_cast<Communicator*>(communicator));
  return nullptr;
}

}  // namespace

void defineCollective(napi_env env, napi_value exports) {
  define(env, exports, "describeTransport", entry<describeTransport>);
  define(env, exports, "openTransport", entry<openTransport>);
  define(env, exports, "openLoopback", entry<openLoopback>);
}

void defineJoining(napi_env env, napi_value device, Stream& stream) {
  define(env, device, "join", entry<join>, &stream);
}

}  // namespace cnn
