#pragma once
#include "kernel.h"

namespace cnn {

// Memory for a weight in the layout that a kernel computes in. `values` is null at the first use of
// the same values: training changes a weight between any two uses, so that a copy would be in vain.
struct KeptCopy {
  void* values;
  bool fresh;  // to be filled
};

// The copy of the weight that belongs to `key`; the weight keeps it until it changes.
KeptCopy keptCopy(Context& context, const Tensor& weight, const std::string& key, size_t bytes);
// For the loops, which use no strings (loops/parallel.h).
KeptCopy keptCopy(Context& context, const Tensor& weight, const char* key, size_t bytes);

}  // namespace cnn
