// The kernel table: which function computes a kernel on this machine.
//
// How to add a kernel: a struct for its parameters in params.h (none needed if it has none) and the
// same fields in src/backend/parameters.ts, a row in src/backend/kernels/, and one CNN_KERNEL body
// in cpu/ and one CNN_CUDA_KERNEL body in cuda/. A kernel may have several bodies for a device; the
// one with the highest instruction set and priority that accepts the call is used, so that a faster
// one takes an older one's place without touching it. A body with a name is a candidate, which can
// be chosen in place of that one (candidates.h). A function of one or two numbers is a line in
// common/unary_functors.h or binary_functors.h.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "params.h"
#include "tensor.h"

namespace cnn {

enum class Device : int { Cpu, Cuda };
constexpr int kDevices = 2;

// Levels that kernels are compiled for; a machine uses the highest it has, or less by CNN_MAX_ISA.
enum class Isa : int { Generic = 0, Avx2 = 1, Avx512 = 2, Amx = 3 };

// State of a device that outlives a call: memory, prepared primitives, switches.
struct Context {
  Context(Device device, std::unique_ptr<AddressRange> addresses)
      : device(device), pool(std::move(addresses)) {}

  const Device device;
  // Kernels take their memory, which is none, and compute nothing (measureKernel).
  bool measuring = false;
  // The processes that share the work of the device; none where this is the only one.
  class Communicator* communicator = nullptr;
  MemoryPool pool;
  Isa isa = Isa::Generic;
  int threads = 1;
  // What a GPU's kernels need beside these (cuda/gpu.h).
  struct Gpu* gpu = nullptr;
  // Refuse oneDNN primitives that fell to a reference implementation (tests).
  bool strict = false;
  // The candidates that are chosen for training steps, by what they compute: evaluations have the
  // same bits without them.
  std::unordered_map<std::string, std::string> choices;
  bool inStep = false;
  // A candidate for whatever it can compute (tests).
  std::string forced;
  // Prepared primitives by kernel and parameters; each kernel file defines its own types.
  std::unordered_map<std::string, std::shared_ptr<void>> prepared;
  std::unique_ptr<PoolBlock> scratch;

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
  // A candidate computes all that it can, and not only what it is the fastest for by the fixed
  // table.
  bool chosen = false;
};

// Returns false when it does not take this call (type, shape), which passes it to the next body.
using KernelFunction = bool (*)(const Call&);

// The names of a parameter struct's fields, as params.h lists them.
struct FieldNames {
  const char* ints;
  const char* floats;
  const char* intLists;
  const char* floatLists;
};

struct KernelBody {
  KernelFunction function;
  Device device;
  Isa isa;
  int priority;
  // It returns where the context measures, once it has taken all its memory.
  bool measured;
  // Of a candidate: its name, which those for other instruction sets share.
  const char* candidate;
};

struct KernelBodies {
  std::string name;
  FieldNames fields;
  std::vector<KernelBody> bodies[kDevices];
};

std::vector<KernelBodies>& kernelTable();
bool registerKernel(const char* name, const FieldNames& fields, const KernelBody& body);
void runKernel(const KernelBodies& kernel, const Call& call);

// What a kernel takes beside its inputs and outputs, in bytes.
struct KernelMemory {
  size_t scratch = 0;        // which stays, for later calls too
  size_t temporary = 0;      // the most at any time of what is given back at the end
  std::vector<size_t> kept;  // by each input, until it goes
};
// What the body that takes the call would take, by a context that measures. Zeros for kernels
// without measured bodies, which take a few kilobytes for each thread at most.
KernelMemory measureKernel(const KernelBodies& kernel, const Call& call);

// The words of a struct without its lists.
template <class Params>
constexpr int fixedWords() {
  return std::is_empty<Params>::value ? 0 : static_cast<int>(sizeof(Params) / 4);
}

// The lists of a call, one after the other, which follow the struct.
template <class Params, class T = int32_t>
const T* listsOf(const Call& call) {
  return reinterpret_cast<const T*>(call.parameters + fixedWords<Params>());
}

#define CNN_NAMES_OF(member)                                               \
  template <class Params, class = void>                                    \
  struct NamesOf_##member {                                                \
    static constexpr const char* value = "";                               \
  };                                                                       \
  template <class Params>                                                  \
  struct NamesOf_##member<Params, std::void_t<decltype(Params::member)>> { \
    static constexpr const char* value = Params::member;                   \
  };
CNN_NAMES_OF(kInts)
CNN_NAMES_OF(kFloats)
CNN_NAMES_OF(kIntLists)
CNN_NAMES_OF(kFloatLists)
#undef CNN_NAMES_OF

template <class Params>
constexpr FieldNames kFieldNames = {NamesOf_kInts<Params>::value, NamesOf_kFloats<Params>::value,
                                    NamesOf_kIntLists<Params>::value,
                                    NamesOf_kFloatLists<Params>::value};

}  // namespace cnn

// The level this translation unit is compiled for (CMakeLists.txt compiles a file once per level).
#ifndef CNN_ISA
#define CNN_ISA Generic
#endif

// CNN_KERNEL(Relu, NoParams) { … use call and params …; return true; }
#define CNN_KERNEL(name, Params) CNN_KERNEL_PRIORITY(name, Params, 0)
#define CNN_KERNEL_PRIORITY(name, Params, priority) \
  CNN_BODY(Cpu, name, Params, priority, false, , nullptr)
// One that returns where call.context.measuring, once it has taken all its memory.
#define CNN_MEASURED_KERNEL(name, Params, priority) \
  CNN_BODY(Cpu, name, Params, priority, true, , nullptr)
// The same that can be chosen by the name `candidate`.
#define CNN_CANDIDATE(name, Params, priority, candidate) \
  CNN_BODY(Cpu, name, Params, priority, true, candidate, #candidate)
#define CNN_CUDA_KERNEL(name, Params) CNN_BODY(Cuda, name, Params, 0, false, , nullptr)
#define CNN_BODY(device, name, Params, priority, measured, suffix, candidate)                 \
  static bool run##name##suffix(const ::cnn::Call& call, const Params& params);               \
  static bool enter##name##suffix(const ::cnn::Call& call) {                                  \
    return run##name##suffix(call, *reinterpret_cast<const Params*>(call.parameters));        \
  }                                                                                           \
  [[maybe_unused]] static const bool registered##name##suffix =                               \
      ::cnn::registerKernel(#name, ::cnn::kFieldNames<Params>,                                \
                            {enter##name##suffix, ::cnn::Device::device, ::cnn::Isa::CNN_ISA, \
                             priority, measured, candidate});                                 \
  static bool run##name##suffix([[maybe_unused]] const ::cnn::Call& call,                     \
                                [[maybe_unused]] const Params& params)
