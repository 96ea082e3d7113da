// Adds the functions that change pixels to the addon.
#pragma once
#include <node_api.h>

namespace cnn {
void defineAugment(napi_env env, napi_value exports);
}
