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

// What the values of a tensor may be; those of Floats are float32 or bfloat16.
enum class Of { Anything, Floats, Float32, Int32, UInt8 };

inline void expectType(const char* what, size_t index, const Tensor& tensor, Of of) {
  constexpr const char* kNames[] = {"anything", "floats", "float32", "int32", "uint8"};
  constexpr DType kTypes[] = {DType::Float32, DType::BFloat16, DType::Float32, DType::Int32,
                              DType::UInt8};
  if (!tensor.exists() || of == Of::Anything) return;
  if (tensor.dtype == kTypes[static_cast<int>(of)]) return;
  if (of == Of::Floats && tensor.dtype == DType::Float32) return;
  throw std::runtime_error(std::string("expected ") + what + " " + std::to_string(index) + " of " +
                           kNames[static_cast<int>(of)] + " but it is of " + nameOf(tensor.dtype));
}

// An input, which may be none, unless it is one of the first that the table of checks asks for.
inline void expectInput(const Call& call, size_t index, Of of, Sizes allowed) {
  if (index >= call.inputs.size()) return;
  expectType("input", index, call.inputs[index], of);
  expectSize("input", index, call.inputs[index], allowed);
}

inline void expectOutput(const Call& call, size_t index, Of of, Sizes allowed) {
  if (index >= call.outputs.size()) return;
  expectType("output", index, call.outputs[index], of);
  expectSize("output", index, call.outputs[index], allowed);
}

// A result that is stored as an input is.
inline void expectOutputLike(const Call& call, size_t index, size_t input, Sizes allowed) {
  const DType type = call.inputs.at(input).dtype;
  expectOutput(call, index, Of::Anything, allowed);
  if (index >= call.outputs.size() || call.outputs[index].dtype == type) return;
  throw std::runtime_error("expected output " + std::to_string(index) + " of " + nameOf(type) +
                           " like input " + std::to_string(input));
}

// As many inputs, of which some may be none.
inline void expectPlaces(const Call& call, size_t least, size_t most) {
  const size_t count = call.inputs.size();
  if (count >= least && count <= most) return;
  throw std::runtime_error("expected " + std::to_string(least) + " to " + std::to_string(most) +
                           " inputs but received " + std::to_string(count));
}

inline void expectExists(const Call& call, size_t first, size_t last) {
  for (size_t i = first; i <= last; i++) {
    if (i < call.inputs.size() && call.inputs[i].exists()) continue;
    throw std::runtime_error("input " + std::to_string(i) + " is none");
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

// One up to the last that a kernel knows.
inline void expectActivation(int32_t activation, Activation last) {
  expectRange("an activation", activation, 0, static_cast<int>(last));
}

}  // namespace cnn
