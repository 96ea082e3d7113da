// The addon without libjpeg-turbo: it has no functions for JPEGs.
#include "jpeg/binding.h"

namespace cnn {
void defineJpeg(napi_env, napi_value) {}
}  // namespace cnn
