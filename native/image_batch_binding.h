// Batches of images that a device decodes, for JavaScript.
#pragma once
#include <node_api.h>

#include "stream.h"

namespace cnn {

// Adds the methods of a device's batches to its object; the stream outlives it.
void defineImageBatches(napi_env env, napi_value device, Stream& stream);

// The batch that beginBatch() gave.
std::shared_ptr<ImageBatch> imageBatchOf(napi_env env, napi_value batch);

}  // namespace cnn
