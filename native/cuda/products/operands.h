// Tensors in the type and order that a product reads.
#pragma once
#include "kernel.h"

namespace cnn::cuda {

// `values` as they are, or converted into memory that `keep` then owns.
const void* converted(Context& context, const Tensor& values, DType type, Tensor* keep);
// The same of a factor. A weight keeps its copy in bfloat16 until it changes.
const void* factor(Context& context, const Tensor& values, DType type, Tensor* keep);
// A filter in the order (outChannels, filterHeight, filterWidth, inChannels / groups). It keeps
// this copy until it changes.
const void* packedFilter(Context& context, const Tensor& filter, const ConvParams& params,
                         DType type);

// Where a kernel writes that computes in `type`: the output, or memory of its own, from which
// finish() converts.
class Result {
 public:
  Result(Context& context, const Tensor& output, DType type);
  void* raw() const { return temporary_.exists() ? temporary_.raw() : output_.raw(); }
  void finish() const;

 private:
  Context& context_;
  const Tensor& output_;
  Tensor temporary_;
};

}  // namespace cnn::cuda
