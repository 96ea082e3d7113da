#pragma once
#include <node_api.h>

#include "stream.h"

namespace cnn {

// The functions of a device with which the host measures candidates and chooses.
void defineChoices(napi_env env, napi_value device, Stream& stream);

}  // namespace cnn
