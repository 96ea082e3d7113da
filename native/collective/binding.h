// Processes that train together, for JavaScript.
#pragma once
#include <node_api.h>

#include "stream.h"

namespace cnn {

void defineCollective(napi_env env, napi_value exports);
void defineJoining(napi_env env, napi_value device, Stream& stream);

}  // namespace cnn
