// The kernel table: which function computes a kernel on this machine.
//
// How to add a kernel: a struct for its parameters in params.h (none needed if it has none), a row
// in src/backend/kernels/, and one CNN_KERNEL body in cpu/. A kernel may have several bodies; the
// one with the highest instruction set and priority that accepts the call is used, so that a faster
// one takes an older one's place without touching it.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "tensor.h"

namespace cnn {

// Levels that kernels are compiled for; a machine uses the highest it has, or less by CNN_MAX_ISA.
enum class Isa : int { Generic = 0, Avx2 = 1, Avx512 = 2, Amx = 3 };

// State of a device that outlives a call: memory, prepared primitives, switches.
struct Context {
  MemoryPool pool;
  Isa isa = Isa::Generic;
  int threads = 1;
  // Refuse oneDNN primitives that fell to a reference implementation (tests).
  bool strict = false;
  // Prepared primitives by kernel and parameters; each kernel file defines its own types.
  std::unordered_map<std::string, std::shared_ptr<void>> prepared;
  std::unique_ptr<Block> scratch;

  // Memory for use within one call; valid until the next scratchMemory().
  void* scratchMemory(size_t bytes);
};

struct Call {
  Context& context;
  const char* kernel;
  const std::vector<Tensor>& inputs;  // exists() is false for a missing optional input
  const std::vector<Tensor>& outputs;
  const int32_t* parameters;
  int parameterCount;
};

// Returns false when it does not take this call (type, shape), which passes it to the next body.
using KernelFunction = bool (*)(const Call&);

struct KernelEntry {
  KernelFunction function;
  Isa isa;
  int priority;
};

struct KernelBodies {
  std::string name;
  int parameterWords = 0;  // words of the parameter struct; -1 when the length varies
  std::vector<KernelEntry> entries;
};

std::vector<KernelBodies>& kernelTable();
bool registerKernel(const char* name, int parameterWords, KernelFunction function, Isa isa,
                    int priority);
// Sorts every slot's bodies and drops those that this machine, or CNN_MAX_ISA, does not allow.
void selectKernels(Isa isa);
void runKernel(const KernelBodies& slot, const Call& call);
Isa detectIsa();
// Its name, and why AMX cannot be used where the processor has it.
std::string describeIsa(Isa isa);

// A kernel without parameters, and one whose parameters vary in number (call.parameterCount).
struct NoParams {};
struct VariableParams {
  int32_t words[1];
};

template <class Params>
constexpr int parameterWordsOf() {
  if (std::is_same<Params, VariableParams>::value) return -1;
  return std::is_empty<Params>::value ? 0 : static_cast<int>(sizeof(Params) / 4);
}

}  // namespace cnn

// The level this translation unit is compiled for (CMakeLists.txt compiles a file once per level).
#ifndef CNN_ISA
#define CNN_ISA Generic
#endif

// CNN_KERNEL(Relu, NoParams) { … use call and params …; return true; }
#define CNN_KERNEL(name, Params) CNN_KERNEL_PRIORITY(name, Params, 0)
#define CNN_KERNEL_PRIORITY(name, Params, priority)                                          \
  static bool run##name(const ::cnn::Call& call, const Params& params);                      \
  static bool enter##name(const ::cnn::Call& call) {                                         \
    return run##name(call, *reinterpret_cast<const Params*>(call.parameters));               \
  }                                                                                          \
  [[maybe_unused]] static const bool registered##name = ::cnn::registerKernel(               \
      #name, ::cnn::parameterWordsOf<Params>(), enter##name, ::cnn::Isa::CNN_ISA, priority); \
  static bool run##name([[maybe_unused]] const ::cnn::Call& call,                            \
                        [[maybe_unused]] const Params& params)
