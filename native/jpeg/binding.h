// Adds the functions for JPEGs to the addon, where it is built with libjpeg-turbo.
#pragma once
#include <node_api.h>

namespace cnn {
void defineJpeg(napi_env env, napi_value exports);
}
