#pragma once
#include "kernel.h"

namespace cnn {

// The level of this machine, or less by CNN_MAX_ISA. The first call sorts the CPU's bodies of the
// kernel table and drops those beyond the level; from then on they stay as they are, for all
// threads.
Isa selectedIsa();
// Its name, and why AMX cannot be used where the processor has it.
std::string describeIsa(Isa isa);

}  // namespace cnn
