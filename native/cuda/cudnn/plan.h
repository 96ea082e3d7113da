// A plan: an engine, made ready for one graph on one device.
#pragma once
#include <optional>
#include <utility>

#include "engines.h"

namespace cnn::cuda {

// An engine that takes more is not used: some take many times the tensors' own size.
constexpr size_t kMostWorkspace = size_t{1} << 30;

class Plan {
 public:
  // None where the engine refuses the graph after all, or wants too much workspace.
  static std::optional<Plan> make(const Engine& engine, const Target& target);
  // From json(); none where this cuDNN or device refuses it.
  static std::optional<Plan> load(const std::string& json, const Target& target);

  size_t workspaceBytes() const { return workspaceBytes_; }
  std::string json() const { return plan_.text(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION); }
  // Enqueues it on the stream of the handle; `tensors` are numbers and addresses.
  void execute(cudnnHandle_t handle, const std::vector<std::pair<int64_t, const void*>>& tensors,
               void* workspace) const;

 private:
  explicit Plan(Descriptor plan);
  Descriptor plan_;
  size_t workspaceBytes_;
};

}  // namespace cnn::cuda
