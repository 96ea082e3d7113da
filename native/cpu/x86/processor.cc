#include "cpu/processor.h"

#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "cpu/amx/self_check.h"
#include "cpu/amx/switches.h"

namespace cnn {
namespace {

// Linux permits the use of AMX tile registers on request only (ARCH_REQ_XCOMP_PERM, XTILEDATA).
bool permitsAmx() {
#if defined(__linux__)
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}

enum class Amx { Missing, Refused, Wrong, Works };

Amx findAmx() {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return Amx::Missing;
  bool bf16Tiles = ((d >> 22) & 1) && ((d >> 24) & 1);
  if (!bf16Tiles) return Amx::Missing;
  if (!permitsAmx()) return Amx::Refused;
  return tilesMultiply() ? Amx::Works : Amx::Wrong;
}

Amx amx() {
  static const Amx state = findAmx();
  return state;
}

}  // namespace

Isa processorIsa() {
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512) return amx() == Amx::Works ? Isa::Amx : Isa::Avx512;
  return avx2 ? Isa::Avx2 : Isa::Generic;
}

std::string processorRemark(Isa isa) {
  if (isa >= Isa::Avx512 && emulatesAmx()) return " (AMX emulated)";
  if (isa != Isa::Avx512) return "";
  if (amx() == Amx::Refused) return " (AMX refused by the system)";
  if (amx() == Amx::Wrong) return " (AMX failed its check)";
  return "";
}

}  // namespace cnn
