#include "plan.h"

#include <stdexcept>

namespace cnn::cuda {
namespace {

Descriptor newPlan(const Target& target) {
  Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (target.handle != nullptr) {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
  } else {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, target.properties);
  }
  return plan;
}

}  // namespace

Plan::Plan(Descriptor plan)
    : plan_(std::move(plan)),
      workspaceBytes_(static_cast<size_t>(plan_.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE))) {
}

std::optional<Plan> Plan::make(const Engine& engine, const Target& target) {
  Descriptor made = newPlan(target);
  made.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine.config);
  if (!made.tryFinalize()) return std::nullopt;
  Plan plan(std::move(made));
  if (plan.workspaceBytes() > kMostWorkspace) return std::nullopt;
  return plan;
}

std::optional<Plan> Plan::load(const std::string& json, const Target& target) {
  Descriptor plan = newPlan(target);
  try {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, json);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
  if (!plan.tryFinalize()) return std::nullopt;
  return Plan(std::move(plan));
}

void Plan::execute(cudnnHandle_t handle,
                   const std::vector<std::pair<int64_t, const void*>>& tensors,
                   void* workspace) const {
  std::vector<int64_t> numbers;
  std::vector<void*> addresses;
  for (const auto& [number, address] : tensors) {
    if (address == nullptr) continue;
    numbers.push_back(number);
    addresses.push_back(const_cast<void*>(address));
  }
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, numbers);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, addresses);
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize("the tensors of a plan");
  check(cudnn().cudnnBackendExecute(handle, plan_.raw(), pack.raw()), "to run a plan");
}

}  // namespace cnn::cuda
