// Convolutions as graphs of cuDNN.
#pragma once
#include "../../params.h"
#include "../product_types.h"
#include "descriptor.h"
#include "target.h"

namespace cnn::cuda {

enum class Pass { Forward, ForwardBias, ForwardBiasRelu, InputGrad, FilterGrad };

const char* nameOf(Pass pass);

// A tensor of the graph by number. In the passes back, kX is dx, kFilter the filter's gradient and
// kY is dy.
enum : int64_t { kX = 1, kFilter = 2, kBias = 3, kY = 4 };

Descriptor convolutionGraph(const ConvParams& params, ProductTypes types, Pass pass,
                            const Target& target);

}  // namespace cnn::cuda
