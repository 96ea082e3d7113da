// What the files that give a device's object its methods share.
#pragma once
#include "node_values.h"
#include "stream.h"

namespace cnn {

// Wraps a function of a stream so that a C++ exception becomes a JavaScript one.
template <napi_value (*function)(napi_env, Stream&, const Arguments&)>
napi_value streamMethod(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Stream& stream = *static_cast<Stream*>(arguments.data);
  try {
    return function(env, stream, arguments);
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, outOfMemory(stream.engine()).c_str());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

}  // namespace cnn
