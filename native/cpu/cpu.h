#pragma once
#include "engine.h"

namespace cnn {

// Whether the kernels of the CPU were built in; no_cpu/cpu.cc answers where they were not.
bool hasCpu();
// This machine's processor with OpenMP. `strict`: see Context.
std::unique_ptr<Engine> openCpu(int threads, bool strict);
// Whether it has instructions that multiply bfloat16.
bool cpuMultipliesBf16();
// The version of oneDNN that was loaded.
std::string onednnVersion();
// A context that counts memory and computes nothing.
std::unique_ptr<Context> measuringCpu();

}  // namespace cnn
