#include "ways.h"

#include <sstream>
#include <stdexcept>

#include "../convolution.h"

namespace cnn::cuda {
namespace {

// By ConvolutionKernel, the names of the kernels.
constexpr const char* kKernelNames[] = {"FusedConv2D", "Conv2DBackpropInput",
                                        "Conv2DBackpropFilter"};

struct NamedTypes {
  const char* name;
  ProductTypes types;
};
constexpr NamedTypes kTypes[] = {{"bf16", {DType::BFloat16, DType::BFloat16, false}},
                                 {"bf16-f32", {DType::BFloat16, DType::Float32, false}},
                                 {"f32", {DType::Float32, DType::Float32, false}},
                                 {"tf32", {DType::Float32, DType::Float32, true}}};

bool same(ProductTypes a, ProductTypes b) {
  return a.values == b.values && a.result == b.result && a.tf32 == b.tf32;
}

constexpr size_t kFields = sizeof(ConvParams) / sizeof(int32_t);

Pass passOf(ConvolutionKernel kernel) {
  if (kernel == ConvolutionKernel::InputGrad) return Pass::InputGrad;
  return kernel == ConvolutionKernel::FilterGrad ? Pass::FilterGrad : Pass::Forward;
}

}  // namespace

std::string describe(const ConvolutionRequest& request) {
  std::ostringstream line;
  line << kKernelNames[static_cast<int>(request.kernel)] << ' ';
  for (const auto& [name, types] : kTypes) {
    if (same(types, request.types)) line << name;
  }
  line << ' ' << request.hasBias;
  const auto* fields = reinterpret_cast<const int32_t*>(&request.params);
  for (size_t i = 0; i < kFields; i++) line << ' ' << fields[i];
  return line.str();
}

ConvolutionRequest readRequest(const std::string& line) {
  std::istringstream words(line);
  ConvolutionRequest request{};
  std::string kernel, types;
  words >> kernel >> types >> request.hasBias;
  auto* fields = reinterpret_cast<int32_t*>(&request.params);
  for (size_t i = 0; i < kFields; i++) words >> fields[i];
  for (int i = 0; i < 3; i++) {
    if (kernel == kKernelNames[i]) request.kernel = static_cast<ConvolutionKernel>(i);
  }
  for (const auto& known : kTypes) {
    if (types == known.name) request.types = known.types;
  }
  const std::string again = describe(request);
  if (!words || line != again) {
    throw std::runtime_error("Expected a convolution, such as \"" + again +
                             "\", but found: " + line);
  }
  return request;
}

std::vector<Way> waysOf(const ConvolutionRequest& request) {
  const auto activation = static_cast<Activation>(request.params.activation);
  const Pass plain = passOf(request.kernel);
  const bool biased = request.kernel == ConvolutionKernel::Forward && request.hasBias;
  std::vector<Way> ways;
  if (isPointwise(request.params)) {
    // Into bfloat16 cuBLASLt adds no bias but one in bfloat16.
    const bool addsBias = biased && request.types.result == DType::Float32;
    ways.push_back({true, addsBias ? Pass::ForwardBias : plain});
  }
  if (biased) {
    const bool relu = activation == Activation::Relu;
    ways.push_back({false, relu ? Pass::ForwardBiasRelu : Pass::ForwardBias});
  }
  ways.push_back({false, plain});
  return ways;
}

ProductTypes typesOf(const ConvolutionRequest& request, const Way& way) {
  ProductTypes types = request.types;
  if (way.pass == Pass::FilterGrad) types.result = way.product ? DType::Float32 : types.values;
  return types;
}

MatMulParams productOf(const ConvolutionRequest& request) {
  const ConvParams& p = request.params;
  const int32_t pixels = p.batch * p.inHeight * p.inWidth;
  switch (request.kernel) {
    case ConvolutionKernel::InputGrad:  // dx = dy · filter
      return {1, 1, pixels, p.outChannels, p.inChannels, 0, 0, 0};
    case ConvolutionKernel::FilterGrad:  // xᵀ · dy
      return {1, 1, p.inChannels, pixels, p.outChannels, 1, 0, 0};
    default:  // y = x · filterᵀ
      return {1, 1, pixels, p.inChannels, p.outChannels, 0, 1, 0};
  }
}

EngineRules rulesFor(const ConvolutionRequest& request, const Way& way, bool deterministic) {
  EngineRules rules;
  rules.deterministic = deterministic;
  rules.float32 = request.types.values == DType::Float32;
  rules.tf32 = request.types.tf32;
  rules.keepsNaN = way.pass == Pass::ForwardBiasRelu;
  return rules;
}

}  // namespace cnn::cuda
