#include "candidates.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "checks/call_check.h"

namespace cnn {
namespace {

Call chosenCall(const Call& call) {
  return {call.context,    call.kernel,         call.inputs, call.outputs,
          call.parameters, call.parameterCount, true};
}

std::string keyOf(const Call& call) {
  std::string types;
  for (const auto* tensors : {&call.inputs, &call.outputs}) {
    for (const Tensor& tensor : *tensors) {
      types += tensor.exists() ? static_cast<char>('0' + static_cast<int>(tensor.dtype)) : '-';
    }
  }
  return choiceKey(call.kernel, types, call.parameters, static_cast<size_t>(call.parameterCount));
}

// What cannot be prepared on this machine cannot compute.
bool canCompute(const KernelBodies& kernel, const Call& call, const std::string& name) {
  try {
    return runCandidate(kernel, call, name);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

std::string choiceKey(const std::string& kernel, const std::string& types, const int32_t* words,
                      size_t count) {
  std::string key = kernel + '/' + types + '/';
  key.append(reinterpret_cast<const char*>(words), sizeof(int32_t) * count);
  return key;
}

bool runChosen(const KernelBodies& kernel, const Call& call) {
  const Context& context = call.context;
  if (!context.forced.empty()) return canCompute(kernel, call, context.forced);
  if (!context.inStep || context.choices.empty()) return false;
  const auto choice = context.choices.find(keyOf(call));
  if (choice == context.choices.end()) return false;
  if (runCandidate(kernel, call, choice->second)) return true;
  throw std::runtime_error("the candidate " + choice->second + " does not take this call");
}

bool runCandidate(const KernelBodies& kernel, const Call& call, const std::string& name) {
  const Call chosen = chosenCall(call);
  for (const auto& body : bodiesFor(kernel, call)) {
    if (body.candidate != nullptr && name == body.candidate && body.function(chosen)) return true;
  }
  return false;
}

const char* runFixed(const KernelBodies& kernel, const Call& call) {
  for (const auto& body : bodiesFor(kernel, call)) {
    if (body.function(call)) return body.candidate == nullptr ? "" : body.candidate;
  }
  return nullptr;
}

std::vector<std::string> candidateNames(const KernelBodies& kernel, Device device) {
  std::vector<std::string> names;
  for (const auto& body : kernel.bodies[static_cast<int>(device)]) {
    if (body.candidate == nullptr) continue;
    if (std::find(names.begin(), names.end(), body.candidate) == names.end()) {
      names.push_back(body.candidate);
    }
  }
  return names;
}

std::vector<std::string> candidatesFor(const KernelBodies& kernel, const Call& call) {
  checkCall(call);
  const char* fixed = runFixed(kernel, call);
  std::vector<std::string> names;
  if (fixed == nullptr || *fixed == 0) return names;
  names.push_back(fixed);
  for (const auto& name : candidateNames(kernel, call.context.device)) {
    if (name != fixed && canCompute(kernel, call, name)) names.push_back(name);
  }
  return names;
}

}  // namespace cnn
