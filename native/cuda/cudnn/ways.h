// The ways to compute a convolution, of which the fastest is taken by measurement.
#pragma once
#include <string>
#include <vector>

#include "convolution_graph.h"
#include "engines.h"

namespace cnn::cuda {

enum class ConvolutionKernel { Forward, InputGrad, FilterGrad };

struct ConvolutionRequest {
  ConvolutionKernel kernel;
  ConvParams params;
  ProductTypes types;
  bool hasBias = false;
};

struct Way {
  // A matrix product over all pixels, by cuBLASLt; otherwise a graph of cuDNN.
  bool product;
  // What it computes; kernels of ours add what is missing of bias and activation.
  Pass pass;
};

// One line: "FusedConv2D bf16 1" for one with a bias, and the fields of its parameters.
std::string describe(const ConvolutionRequest& request);
// From such a line; throws where it is none.
ConvolutionRequest readRequest(const std::string& line);

// All ways to compute it; where nothing is measured, the first is taken.
std::vector<Way> waysOf(const ConvolutionRequest& request);
// The types in which a way computes. A gradient of the filter by cuDNN has the type of the values:
// there is no engine from bfloat16 into float32.
ProductTypes typesOf(const ConvolutionRequest& request, const Way& way);
// The product that the convolution is, where a way says so.
MatMulParams productOf(const ConvolutionRequest& request);
EngineRules rulesFor(const ConvolutionRequest& request, const Way& way, bool deterministic);

}  // namespace cnn::cuda
