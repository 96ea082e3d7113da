// Matrix products by cuBLASLt.
#include "../matmul.h"

#include "../cublas/product.h"
#include "../products/copies.h"
#include "tuner.h"

namespace cnn::cuda {
namespace {

struct ReadyProduct {
  std::shared_ptr<Product> product;
  ProductAlgorithm algorithm;
};

// Into bfloat16 cuBLASLt adds no bias but one in bfloat16.
bool addsBias(ProductTypes types, const float* bias) {
  return bias != nullptr && types.result == DType::Float32;
}

std::string describe(const MatMulParams& p, ProductTypes types, bool hasBias) {
  std::string text = "BatchMatMul";
  for (const int part : {static_cast<int>(types.values), static_cast<int>(types.result),
                         static_cast<int>(types.tf32), static_cast<int>(hasBias), p.batchA,
                         p.batchB, p.m, p.k, p.n, p.transposeA, p.transposeB}) {
    text += ' ' + std::to_string(part);
  }
  return text;
}

}  // namespace

void multiply(Context& context, const MatMulParams& params, ProductTypes types, const void* a,
              const void* b, const float* bias, void* c) {
  const bool hasBias = addsBias(types, bias);
  const std::string key = describe(params, types, hasBias);
  auto run = [&](const ReadyProduct& ready) {
    void* workspace = workspaceOf(context, ready.algorithm.workspaceBytes);
    ready.product->execute(librariesOf(context).cublasLt, ready.algorithm, a, b,
                           hasBias ? bias : nullptr, c, workspace,
                           static_cast<cudaStream_t>(context.gpu->stream));
  };
  auto& prepared = context.prepared[key];
  if (prepared == nullptr) {
    const auto product = std::make_shared<Product>(params, types, hasBias);
    const cublasLtHandle_t handle = librariesOf(context).cublasLt;
    const Choosing<ReadyProduct> choosing = {
        key,
        [&](size_t most) {
          std::vector<ReadyProduct> ready;
          for (const auto& algorithm : product->algorithms(handle, most)) {
            ready.push_back({product, algorithm});
          }
          return ready;
        },
        run, [](const ReadyProduct& ready) { return writeAlgorithm(ready.algorithm.algorithm); },
        [&](const std::string& text) -> std::optional<ReadyProduct> {
          const auto algorithm = product->read(handle, text);
          if (!algorithm) return std::nullopt;
          return ReadyProduct{product, *algorithm};
        }};
    prepared = std::make_shared<ReadyProduct>(choose(context, choosing));
  }
  run(*static_cast<const ReadyProduct*>(prepared.get()));
  const auto activation = static_cast<Activation>(params.activation);
  const float* missing = hasBias ? nullptr : bias;
  if (missing == nullptr && activation == Activation::Linear) return;
  const int64_t rows = int64_t{std::max(params.batchA, params.batchB)} * params.m;
  biasActivation(context, c, types.result, missing, rows, params.n, activation);
}

}  // namespace cnn::cuda
