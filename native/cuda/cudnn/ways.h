// The ways to compute a convolution, of which the fastest is taken by measurement.
#pragma once
#include <vector>

#include "convolution_graph.h"
#include "engines.h"

namespace cnn::cuda {

struct Way {
  // A matrix product over all pixels, by cuBLASLt; otherwise a graph of cuDNN.
  bool product;
  // The part of the work that it does; a kernel of ours adds what is missing of bias and
  // activation.
  Pass pass;
};

// A filter of 1×1 that meets every pixel once: the convolution is a matrix product.
bool isPointwise(const ConvParams& params);

std::vector<Way> waysForward(const ConvParams& params, ProductTypes types, bool hasBias);
std::vector<Way> waysInputGrad(const ConvParams& params, ProductTypes types);
std::vector<Way> waysFilterGrad(const ConvParams& params, ProductTypes types);

EngineRules rulesFor(ProductTypes types, Pass pass, bool deterministic);

}  // namespace cnn::cuda
