#pragma once
#include <string>

#include "kernel.h"

namespace cnn {

// The highest level that this machine's processor has, of those that are compiled for its kind.
Isa processorIsa();
// What follows the name of a level where the name does not say it all.
std::string processorRemark(Isa isa);

}  // namespace cnn
