// Candidates: bodies of a kernel that compute the same in different ways. The fixed table, the
// order of the bodies and what each of them takes, says which one computes a call; a choice, made
// by measurement, takes its place.
#pragma once
#include <string>
#include <vector>

#include "kernel.h"

namespace cnn {

inline const std::vector<KernelBody>& bodiesFor(const KernelBodies& kernel, const Call& call) {
  return kernel.bodies[static_cast<int>(call.context.device)];
}

// What a choice is for: the kernel, the types of its tensors and its parameters.
// `types`: a digit for the type of each tensor, or -.
std::string choiceKey(const std::string& kernel, const std::string& types, const int32_t* words,
                      size_t count);

// Whether the chosen candidate has computed the call. Throws where it does not take it.
bool runChosen(const KernelBodies& kernel, const Call& call);

// Whether the candidate of this name has computed the call; it may throw where it cannot.
bool runCandidate(const KernelBodies& kernel, const Call& call, const std::string& name);

// Runs the body that the fixed table has for the call; the name of its candidate, empty where the
// kernel has none, or null where no body takes the call.
const char* runFixed(const KernelBodies& kernel, const Call& call);

// The names of those that can compute the call, the fixed table's first; the context measures.
std::vector<std::string> candidatesFor(const KernelBodies& kernel, const Call& call);

// The names of all candidates of the device.
std::vector<std::string> candidateNames(const KernelBodies& kernel, Device device);

}  // namespace cnn
