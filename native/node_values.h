// What the binding files share.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace cnn {

#define NAPI_CHECK(call)                                                 \
  do {                                                                   \
    if ((call) != napi_ok) throw std::runtime_error("Node-API: " #call); \
  } while (0)

struct Arguments {
  napi_env env;
  napi_value values[7];
  void* data;
  Arguments(napi_env environment, napi_callback_info info) : env(environment) {
    size_t count = 7;
    NAPI_CHECK(napi_get_cb_info(env, info, &count, values, nullptr, &data));
  }
  int32_t integer(int index) const {
    int32_t value;
    NAPI_CHECK(napi_get_value_int32(env, values[index], &value));
    return value;
  }
  double real(int index) const {
    double value;
    NAPI_CHECK(napi_get_value_double(env, values[index], &value));
    return value;
  }
  bool boolean(int index) const {
    bool value;
    NAPI_CHECK(napi_get_value_bool(env, values[index], &value));
    return value;
  }
  void* typedArray(int index, size_t* bytes) const {
    napi_typedarray_type type;
    size_t length, offset;
    void* data;
    NAPI_CHECK(
        napi_get_typedarray_info(env, values[index], &type, &length, &data, nullptr, &offset));
    *bytes = length * bytesOf(type);
    return data;
  }
  static size_t bytesOf(napi_typedarray_type type) {
    if (type == napi_float64_array) return 8;
    return type == napi_float32_array || type == napi_int32_array ? 4 : 1;
  }
};

inline int threadsOf(int32_t threads) {
  constexpr int kMostThreads = 1024;
  if (threads >= 1 && threads <= kMostThreads) return threads;
  throw std::runtime_error("expected 1 to " + std::to_string(kMostThreads) + " threads");
}

// Wraps a function so that a C++ exception becomes a JavaScript one.
template <napi_value (*function)(napi_env, const Arguments&)>
napi_value entry(napi_env env, napi_callback_info info) {
  try {
    return function(env, Arguments(env, info));
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

inline napi_value number(napi_env env, double value) {
  napi_value result;
  NAPI_CHECK(napi_create_double(env, value, &result));
  return result;
}

inline napi_value string(napi_env env, const std::string& value) {
  napi_value result;
  NAPI_CHECK(napi_create_string_utf8(env, value.data(), value.size(), &result));
  return result;
}

inline std::string textOf(napi_env env, napi_value value) {
  size_t length;
  NAPI_CHECK(napi_get_value_string_utf8(env, value, nullptr, 0, &length));
  std::string text(length, 0);
  NAPI_CHECK(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length));
  return text;
}

inline napi_value stringList(napi_env env, const std::vector<std::string>& values) {
  napi_value list;
  NAPI_CHECK(napi_create_array(env, &list));
  uint32_t index = 0;
  for (const auto& value : values) {
    NAPI_CHECK(napi_set_element(env, list, index++, string(env, value)));
  }
  return list;
}

inline void define(napi_env env, napi_value exports, const char* name, napi_callback function,
                   void* data = nullptr) {
  napi_value value;
  NAPI_CHECK(napi_create_function(env, name, NAPI_AUTO_LENGTH, function, data, &value));
  NAPI_CHECK(napi_set_named_property(env, exports, name, value));
}

}  // namespace cnn
