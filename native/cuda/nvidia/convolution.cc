// Convolutions by cuDNN and cuBLASLt.
#include "../convolution.h"

#include "../cublas/product.h"
#include "../cudnn/compiled.h"
#include "../products/copies.h"
#include "tuner.h"

namespace cnn::cuda {
namespace {

// Addresses by their part in the convolution; in the passes back, `x` or `filter` is written.
struct Operands {
  const void* x;
  const void* filter;
  const float* bias;
  const void* y;
};

// One way, made ready.
struct ReadyWay {
  Way way;
  std::optional<Plan> plan;          // of cuDNN
  std::shared_ptr<Product> product;  // of cuBLASLt
  ProductAlgorithm algorithm;
};

void runProduct(Context& context, const ConvolutionRequest& request, const ReadyWay& ready,
                const Operands& operands) {
  void* workspace = workspaceOf(context, ready.algorithm.workspaceBytes);
  const void *a = operands.x, *b = operands.filter, *c = operands.y;
  if (request.kernel == ConvolutionKernel::InputGrad) std::swap(a, c);
  if (request.kernel == ConvolutionKernel::FilterGrad) std::swap(b, c);
  const float* bias = ready.way.pass == Pass::ForwardBias ? operands.bias : nullptr;
  ready.product->execute(librariesOf(context).cublasLt, ready.algorithm, a, b, bias,
                         const_cast<void*>(c), workspace,
                         static_cast<cudaStream_t>(context.gpu->stream));
}

void runPlan(Context& context, const Plan& plan, const Operands& operands) {
  void* workspace = workspaceOf(context, plan.workspaceBytes());
  plan.execute(
      librariesOf(context).cudnn,
      {{kX, operands.x}, {kFilter, operands.filter}, {kBias, operands.bias}, {kY, operands.y}},
      workspace);
}

// cuDNN writes the gradient in the order and type in which it reads filters.
void runFilterGrad(Context& context, const ConvolutionRequest& request, const Plan& plan,
                   Operands operands) {
  const ConvParams& p = request.params;
  const int64_t taps = int64_t{p.filterHeight} * p.filterWidth * (p.inChannels / p.groups);
  const size_t bytes = bytesOf(request.types.values) * static_cast<size_t>(taps * p.outChannels);
  const PoolBlock packed(&context.pool, bytes);
  void* filterGrad = const_cast<void*>(operands.filter);
  operands.filter = packed.data();
  runPlan(context, plan, operands);
  transpose(context, packed.data(), request.types.values, filterGrad, DType::Float32, p.outChannels,
            taps);
}

// The bias and activation that the way leaves to us.
void finish(const Context& context, const ConvolutionRequest& request, Pass pass,
            const Operands& operands) {
  const ConvParams& p = request.params;
  const auto activation = static_cast<Activation>(p.activation);
  const float* bias = pass == Pass::Forward ? operands.bias : nullptr;
  const bool active = activation != Activation::Linear && pass != Pass::ForwardBiasRelu;
  if (bias == nullptr && !active) return;
  biasActivation(context, const_cast<void*>(operands.y), request.types.result, bias,
                 int64_t{p.batch} * p.outHeight * p.outWidth, p.outChannels,
                 active ? activation : Activation::Linear);
}

void run(Context& context, const ConvolutionRequest& request, const ReadyWay& ready,
         const Operands& operands) {
  if (ready.way.product) {
    runProduct(context, request, ready, operands);
  } else if (request.kernel == ConvolutionKernel::FilterGrad) {
    runFilterGrad(context, request, *ready.plan, operands);
  } else {
    runPlan(context, *ready.plan, operands);
  }
  if (request.kernel == ConvolutionKernel::Forward) {
    finish(context, request, ready.way.pass, operands);
  }
}

std::shared_ptr<Product> makeProduct(const ConvolutionRequest& request, const Way& way) {
  return std::make_shared<Product>(productOf(request), typesOf(request, way),
                                   way.pass == Pass::ForwardBias);
}

std::vector<ReadyWay> candidates(Context& context, const ConvolutionRequest& request, size_t most) {
  const Libraries& libraries = librariesOf(context);
  std::vector<ReadyWay> result;
  for (const Way& way : waysOf(request)) {
    if (way.product) {
      const auto product = makeProduct(request, way);
      for (const auto& algorithm : product->algorithms(libraries.cublasLt, most)) {
        result.push_back({way, std::nullopt, product, algorithm});
      }
      continue;
    }
    const Descriptor graph =
        convolutionGraph(request.params, typesOf(request, way), way.pass, libraries.target);
    const EngineRules rules = rulesFor(request, way, context.gpu->deterministic);
    size_t made = 0;
    for (const Engine& engine : findEngines(graph, libraries.target, rules)) {
      if (made >= most) break;
      auto plan = makePlan(request, way, engine, libraries.target, libraries.choices);
      if (!plan) continue;
      made++;
      result.push_back({way, std::move(plan), nullptr, {}});
    }
  }
  return result;
}

// The number of the way, and the plan or the algorithm.
std::string write(const ConvolutionRequest& request, const ReadyWay& ready) {
  const std::vector<Way> ways = waysOf(request);
  size_t number = 0;
  while (ways[number].product != ready.way.product || ways[number].pass != ready.way.pass) {
    number++;
  }
  return std::to_string(number) + ' ' +
         (ready.way.product ? writeAlgorithm(ready.algorithm.algorithm) : ready.plan->json());
}

std::optional<ReadyWay> read(Context& context, const ConvolutionRequest& request,
                             const std::string& text) {
  const Libraries& libraries = librariesOf(context);
  const std::vector<Way> ways = waysOf(request);
  const size_t number = text.empty() ? ways.size() : static_cast<size_t>(text[0] - '0');
  if (number >= ways.size() || text.size() < 2 || text[1] != ' ') return std::nullopt;
  const Way& way = ways[number];
  const std::string made = text.substr(2);
  if (!way.product) {
    auto plan = Plan::load(made, libraries.target);
    if (!plan) return std::nullopt;
    return ReadyWay{way, std::move(plan), nullptr, {}};
  }
  const auto product = makeProduct(request, way);
  const auto algorithm = product->read(libraries.cublasLt, made);
  if (!algorithm) return std::nullopt;
  return ReadyWay{way, std::nullopt, product, *algorithm};
}

void compute(Context& context, const ConvolutionRequest& request, const Operands& operands) {
  std::string key = "convolution";
  key.append(reinterpret_cast<const char*>(&request.kernel), sizeof request.kernel);
  key.append(reinterpret_cast<const char*>(&request.params), sizeof request.params);
  key.append(reinterpret_cast<const char*>(&request.types.values), sizeof request.types.values);
  key.append(reinterpret_cast<const char*>(&request.types.result), sizeof request.types.result);
  key += static_cast<char>(2 * request.types.tf32 + request.hasBias);
  auto& prepared = context.prepared[key];
  if (prepared == nullptr) {
    const Choosing<ReadyWay> choosing = {
        describe(request), [&](size_t most) { return candidates(context, request, most); },
        [&](const ReadyWay& ready) { run(context, request, ready, operands); },
        [&](const ReadyWay& ready) { return write(request, ready); },
        [&](const std::string& text) { return read(context, request, text); }};
    prepared = std::make_shared<ReadyWay>(choose(context, choosing));
  }
  run(context, request, *static_cast<const ReadyWay*>(prepared.get()), operands);
}

}  // namespace

void convolve(Context& context, const ConvParams& params, ProductTypes types, const void* x,
              const void* filter, const float* bias, void* y) {
  compute(context, {ConvolutionKernel::Forward, params, types, bias != nullptr},
          {x, filter, bias, y});
}

void convolveInputGrad(Context& context, const ConvParams& params, ProductTypes types,
                       const void* dy, const void* filter, void* dx) {
  compute(context, {ConvolutionKernel::InputGrad, params, types}, {dx, filter, nullptr, dy});
}

void convolveFilterGrad(Context& context, const ConvParams& params, ProductTypes types,
                        const void* x, const void* dy, float* filterGrad) {
  compute(context, {ConvolutionKernel::FilterGrad, params, types}, {x, filterGrad, nullptr, dy});
}

}  // namespace cnn::cuda
