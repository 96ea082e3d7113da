// A module that bin/setup --tensorflow builds: TensorFlow's library writes notes to standard error
// while it is loaded, before it reads TF_CPP_MIN_LOG_LEVEL, and JavaScript cannot hold them back.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

namespace {

int saved = -1;

napi_value mute(napi_env, napi_callback_info) {
  if (saved >= 0) return nullptr;
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (nowhere >= 0 && saved >= 0) dup2(nowhere, STDERR_FILENO);
  if (nowhere >= 0) close(nowhere);
  return nullptr;
}

napi_value unmute(napi_env, napi_callback_info) {
  if (saved < 0) return nullptr;
  dup2(saved, STDERR_FILENO);
  close(saved);
  saved = -1;
  return nullptr;
}

}  // namespace

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"mute", nullptr, mute, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"unmute", nullptr, unmute, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}
