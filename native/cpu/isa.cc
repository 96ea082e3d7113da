#include "isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <stdexcept>

#include "amx/self_check.h"
#include "amx/switches.h"

namespace cnn {

namespace {
constexpr const char* kIsaNames[] = {"generic", "avx2", "avx512", "amx"};

enum class Amx { Missing, Refused, Wrong, Works };

// Linux permits the use of AMX tile registers on request only (ARCH_REQ_XCOMP_PERM, XTILEDATA).
Amx findAmx() {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return Amx::Missing;
  bool bf16Tiles = ((d >> 22) & 1) && ((d >> 24) & 1);
  if (!bf16Tiles) return Amx::Missing;
  if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return Amx::Refused;
  return tilesMultiply() ? Amx::Works : Amx::Wrong;
}

Amx amx() {
  static const Amx state = findAmx();
  return state;
}
}  // namespace

std::string describeIsa(Isa isa) {
  std::string name = kIsaNames[static_cast<int>(isa)];
  if (isa >= Isa::Avx512 && emulatesAmx()) return name + " (AMX emulated)";
  if (isa != Isa::Avx512) return name;
  if (amx() == Amx::Refused) return name + " (AMX refused by the system)";
  if (amx() == Amx::Wrong) return name + " (AMX failed its check)";
  return name;
}

static Isa detectIsa() {
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  Isa isa = Isa::Generic;
  if (avx2) isa = Isa::Avx2;
  if (avx512) isa = Isa::Avx512;
  if (avx512 && amx() == Amx::Works) isa = Isa::Amx;
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
