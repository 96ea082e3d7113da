#pragma once
#include "engine.h"

namespace cnn {

// This machine's processor with OpenMP. `strict`: see Context.
std::unique_ptr<Engine> openCpu(int threads, bool strict);
// A context that counts memory and computes nothing.
std::unique_ptr<Context> measuringCpu();

}  // namespace cnn
