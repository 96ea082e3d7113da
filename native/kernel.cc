#include "kernel.h"

#include <algorithm>
#include <stdexcept>

#include "candidates.h"
#include "checks/call_check.h"

namespace cnn {

void* Context::scratchMemory(size_t bytes) {
  if (scratch == nullptr || scratch->bytes() < bytes) {
    scratch.reset();
    scratch = std::make_unique<PoolBlock>(&pool, bytes);
  }
  scratch->confine(bytes);
  return scratch->data();
}

std::vector<KernelBodies>& kernelTable() {
  static std::vector<KernelBodies> table;
  return table;
}

bool registerKernel(const char* name, const FieldNames& fields, const KernelBody& body) {
  auto& table = kernelTable();
  auto kernel = std::find_if(table.begin(), table.end(),
                             [&](const KernelBodies& known) { return known.name == name; });
  if (kernel == table.end()) {
    table.push_back({name, fields, {}});
    kernel = table.end() - 1;
  }
  kernel->bodies[static_cast<int>(body.device)].push_back(body);
  return true;
}

void runKernel(const KernelBodies& kernel, const Call& call) {
  checkCall(call);
  if (runChosen(kernel, call)) return;
  if (runFixed(kernel, call) != nullptr) return;
  std::string types;
  for (const auto& input : call.inputs) {
    types += types.empty() ? "" : ", ";
    types += input.exists() ? nameOf(input.dtype) : "none";
  }
  const char* device = call.context.device == Device::Cpu ? "CPU" : "CUDA";
  throw std::runtime_error(kernel.name + " has no " + device +
                           " kernel in this build for inputs of type " + types);
}

KernelMemory measureKernel(const KernelBodies& kernel, const Call& call) {
  KernelMemory memory;
  memory.kept.resize(call.inputs.size());
  for (const auto& body : bodiesFor(kernel, call)) {
    if (!body.measured) return memory;
  }
  Context& context = call.context;
  context.scratch.reset();
  const size_t before = context.pool.usedBytes();
  context.pool.resetPeak();
  runKernel(kernel, call);
  memory.temporary = context.pool.peakBytes() - before;
  if (context.scratch) {
    memory.scratch = context.scratch->bytes();
    memory.temporary -= MemoryPool::blockSize(memory.scratch);
  }
  for (size_t i = 0; i < call.inputs.size(); i++) {
    if (!call.inputs[i].exists()) continue;
    const Storage& storage = *call.inputs[i].storage;
    if (storage.narrow) memory.kept[i] += storage.narrow->bytes();
    for (const auto& packed : storage.packed) {
      if (packed.block) memory.kept[i] += packed.block->bytes();
    }
    if (memory.kept[i] > 0) memory.temporary -= MemoryPool::blockSize(memory.kept[i]);
  }
  return memory;
}

}  // namespace cnn
