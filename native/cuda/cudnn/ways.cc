#include "ways.h"

#include "../convolution.h"

namespace cnn::cuda {

bool isPointwise(const ConvParams& p) {
  const bool single =
      p.filterHeight * p.filterWidth * p.strideHeight * p.strideWidth * p.groups == 1;
  return single && p.inHeight == p.outHeight && p.inWidth == p.outWidth;
}

std::vector<Way> waysForward(const ConvParams& p, ProductTypes, bool hasBias) {
  const auto activation = static_cast<Activation>(p.activation);
  std::vector<Way> ways;
  if (isPointwise(p)) ways.push_back({true, hasBias ? Pass::ForwardBias : Pass::Forward});
  if (hasBias && activation == Activation::Relu) ways.push_back({false, Pass::ForwardBiasRelu});
  if (hasBias && activation != Activation::Relu) ways.push_back({false, Pass::ForwardBias});
  ways.push_back({false, Pass::Forward});
  return ways;
}

std::vector<Way> waysInputGrad(const ConvParams& p, ProductTypes) {
  if (isPointwise(p)) return {{true, Pass::InputGrad}, {false, Pass::InputGrad}};
  return {{false, Pass::InputGrad}};
}

DType filterGradType(const ConvParams& p, DType values) {
  return isPointwise(p) ? DType::Float32 : values;
}

std::vector<Way> waysFilterGrad(const ConvParams& p, ProductTypes types) {
  std::vector<Way> ways;
  if (isPointwise(p)) ways.push_back({true, Pass::FilterGrad});
  if (types.result == types.values) ways.push_back({false, Pass::FilterGrad});
  return ways;
}

EngineRules rulesFor(ProductTypes types, Pass pass, bool deterministic) {
  EngineRules rules;
  rules.deterministic = deterministic;
  rules.float32 = types.values == DType::Float32;
  rules.tf32 = types.tf32;
  rules.keepsNaN = pass == Pass::ForwardBiasRelu;
  return rules;
}

}  // namespace cnn::cuda
