// A call as the host describes it, without tensors: what would be computed.
#pragma once
#include <string>
#include <vector>

#include "kernel.h"
#include "node_values.h"

namespace cnn {

// Type -1: a missing optional input.
struct TensorKind {
  int32_t type;
  int64_t size;
};

struct DescribedCall {
  const KernelBodies& kernel;
  std::vector<TensorKind> inputs, outputs;
  std::vector<int32_t> words;

  // A call with these tensors.
  Call with(Context& context, const std::vector<Tensor>& ins,
            const std::vector<Tensor>& outs) const {
    return {context, kernel.name.c_str(), ins, outs, words.data(), static_cast<int>(words.size())};
  }
};

// Arguments from `first` on: the number of a kernel; a Float64Array, the number of inputs, then
// type
// (-1: none) and size of each input and of each output; an Int32Array, the parameters. Throws where
// they are none of these.
DescribedCall describedCall(const Arguments& arguments, int first);

std::vector<Tensor> createTensors(MemoryPool& pool, const std::vector<TensorKind>& kinds);

}  // namespace cnn
