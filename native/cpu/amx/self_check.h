#pragma once

namespace cnn {

// Whether the processor's tiles compute a known product right. Only for machines that announce AMX,
// and after the operating system's permission.
bool tilesMultiply();

}  // namespace cnn
