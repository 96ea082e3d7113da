#include "isa.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <stdexcept>

#include "processor.h"

namespace cnn {

namespace {
constexpr const char* kIsaNames[] = {"generic", "avx2", "avx512", "amx"};
}  // namespace

std::string describeIsa(Isa isa) { return kIsaNames[static_cast<int>(isa)] + processorRemark(isa); }

static Isa detectIsa() {
  Isa isa = processorIsa();
  if (const char* limit = std::getenv("CNN_MAX_ISA")) {
    const auto* found = std::find(std::begin(kIsaNames), std::end(kIsaNames), std::string(limit));
    isa = std::min(isa, static_cast<Isa>(found - kIsaNames));
    if (found == std::end(kIsaNames)) {
      throw std::runtime_error(
          std::string("Expected CNN_MAX_ISA to be generic, avx2, avx512 or amx but received \"") +
          limit + "\"");
    }
  }
  return isa;
}

static void selectKernels(Isa isa) {
  for (auto& kernel : kernelTable()) {
    auto& bodies = kernel.bodies[static_cast<int>(Device::Cpu)];
    bodies.erase(std::remove_if(bodies.begin(), bodies.end(),
                                [&](const KernelBody& body) { return body.isa > isa; }),
                 bodies.end());
    std::stable_sort(bodies.begin(), bodies.end(), [](const KernelBody& a, const KernelBody& b) {
      return a.isa != b.isa ? a.isa > b.isa : a.priority > b.priority;
    });
  }
}

Isa selectedIsa() {
  static const Isa selected = [] {
    const Isa isa = detectIsa();
    selectKernels(isa);
    return isa;
  }();
  return selected;
}

}  // namespace cnn
