// Processors other than x86: what is compiled for them uses vectors of four floats, which every
// processor of 64-bit ARM has.
#include "cpu/processor.h"

namespace cnn {

Isa processorIsa() { return Isa::Generic; }

std::string processorRemark(Isa) {
#if defined(__ARM_NEON)
  return " (NEON)";
#else
  return "";
#endif
}

}  // namespace cnn
