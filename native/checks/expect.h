// What checks of calls expect; each throws where it is not so.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include "kernel.h"

namespace cnn {

using Sizes = std::initializer_list<int64_t>;

// Of axes that are at least 1; no tensor has more elements than an int32_t counts.
inline int64_t product(Sizes sizes) {
  int64_t total = 1;
  for (int64_t size : sizes) {
    if (size < 1) {
      throw std::runtime_error("expected sizes of at least 1 but received " + std::to_string(size));
    }
    if (size > INT32_MAX || total > INT32_MAX) {
      throw std::runtime_error("expected fewer values than 2^31");
    }
    total *= size;
  }
  return total;
}

inline void expectSize(const char* what, size_t index, const Tensor& tensor, Sizes allowed) {
  if (!tensor.exists()) return;
  if (std::find(allowed.begin(), allowed.end(), tensor.size) != allowed.end()) return;
  throw std::runtime_error(std::string("expected ") + what + " " + std::to_string(index) + " of " +
                           std::to_string(*allowed.begin()) + " values but it has " +
                           std::to_string(tensor.size));
}

// The inputs in their order; those beyond the list may have any size.
inline void expectInputs(const Call& call, Sizes sizes) {
  size_t index = 0;
  for (int64_t size : sizes) {
    if (index < call.inputs.size()) expectSize("input", index, call.inputs[index], {size});
    index++;
  }
}

inline void expectOutputs(const Call& call, Sizes allowed) {
  for (size_t i = 0; i < call.outputs.size(); i++) {
    expectSize("output", i, call.outputs[i], allowed);
  }
}

inline void expectRange(const char* what, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  throw std::runtime_error(std::string("expected ") + what + " from " + std::to_string(least) +
                           " to " + std::to_string(most) + " but received " +
                           std::to_string(value));
}

inline void expectWords(const Call& call, int64_t words) {
  if (call.parameterCount == words) return;
  throw std::runtime_error("expected " + std::to_string(words) +
                           " words of parameters but received " +
                           std::to_string(call.parameterCount));
}

template <class Params>
const Params& paramsOf(const Call& call) {
  return *reinterpret_cast<const Params*>(call.parameters);
}

inline void expectActivation(int32_t activation) {
  expectRange("an activation", activation, 0, static_cast<int>(Activation::ScaledTanh));
}

}  // namespace cnn
