#include "kernel.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace cnn {

void* Context::scratchMemory(size_t bytes) {
  if (scratch == nullptr || scratch->bytes() < bytes) {
    scratch.reset();
    scratch = std::make_unique<Block>(&pool, bytes);
  }
  return scratch->data();
}

std::vector<KernelSlot>& kernelTable() {
  static std::vector<KernelSlot> table;
  return table;
}

bool registerKernel(const char* name, int parameterWords, KernelFunction function, Isa isa,
                    int priority) {
  auto& table = kernelTable();
  auto slot = std::find_if(table.begin(), table.end(),
                           [&](const KernelSlot& candidate) { return candidate.name == name; });
  if (slot == table.end()) {
    table.push_back({name, parameterWords, {}});
    slot = table.end() - 1;
  }
  slot->entries.push_back({function, isa, priority});
  return true;
}

void selectKernels(Isa isa) {
  for (auto& slot : kernelTable()) {
    auto& entries = slot.entries;
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [&](const KernelEntry& entry) { return entry.isa > isa; }),
                  entries.end());
    std::stable_sort(entries.begin(), entries.end(),
                     [](const KernelEntry& a, const KernelEntry& b) {
                       return a.isa != b.isa ? a.isa > b.isa : a.priority > b.priority;
                     });
  }
}

void runKernel(const KernelSlot& slot, const Call& call) {
  for (const auto& entry : slot.entries) {
    if (entry.function(call)) return;
  }
  std::string types;
  for (const auto& input : call.inputs) {
    types += types.empty() ? "" : ", ";
    types += input.exists() ? nameOf(input.dtype) : "none";
  }
  throw std::runtime_error(slot.name + " has no CPU kernel in this build for inputs of type " +
                           types);
}

namespace {
// The kernel hands out the AMX tile registers on request only (ARCH_REQ_XCOMP_PERM, XTILEDATA).
bool hasAmx() {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  bool bf16Tiles = ((d >> 22) & 1) && ((d >> 24) & 1);
  return bf16Tiles && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}
}  // namespace

Isa detectIsa() {
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  Isa isa = Isa::Generic;
  if (avx2) isa = Isa::Avx2;
  if (avx512) isa = Isa::Avx512;
  if (avx512 && hasAmx()) isa = Isa::Amx;
  if (const char* limit = std::getenv("CNN_MAX_ISA")) {
    const std::pair<const char*, Isa> kNames[] = {
        {"generic", Isa::Generic}, {"avx2", Isa::Avx2}, {"avx512", Isa::Avx512}, {"amx", Isa::Amx}};
    bool known = false;
    for (auto& [name, level] : kNames) {
      if (std::string(limit) == name) {
        isa = std::min(isa, level);
        known = true;
      }
    }
    if (!known) {
      throw std::runtime_error(
          std::string("Expected CNN_MAX_ISA to be generic, avx2, avx512 or amx but received \"") +
          limit + "\"");
    }
  }
  return isa;
}

}  // namespace cnn
