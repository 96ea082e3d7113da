#include "cpu/cpu.h"

#include <stdexcept>

namespace cnn {
namespace {
constexpr const char* kMissing =
    "the addon was built without oneDNN, and so without the kernels of the CPU";
}

bool hasCpu() { return false; }

bool cpuMultipliesBf16() { return false; }

std::string onednnVersion() { return ""; }

std::unique_ptr<Engine> openCpu(int, bool) { throw std::runtime_error(kMissing); }

std::unique_ptr<Context> measuringCpu() { throw std::runtime_error(kMissing); }

}  // namespace cnn
