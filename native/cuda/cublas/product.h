// One matrix product by cuBLASLt, made ready once.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../params.h"
#include "../libraries/cublaslt_functions.h"
#include "../product_types.h"

namespace cnn::cuda {

// How cuBLASLt may compute a product.
struct ProductAlgorithm {
  cublasLtMatmulAlgo_t algorithm;
  size_t workspaceBytes;
};

// As text, for a file.
std::string writeAlgorithm(const cublasLtMatmulAlgo_t& algorithm);

class Product {
 public:
  // a · b, and `bias` (n in Float32) beside it unless null. The activation is not computed.
  Product(const MatMulParams& params, ProductTypes types, bool hasBias);

  // Likeliest first, `most` at most. All give the same bits in every run.
  std::vector<ProductAlgorithm> algorithms(cublasLtHandle_t handle, size_t most) const;
  // From writeAlgorithm(); none where the text is none, or not for this product.
  std::optional<ProductAlgorithm> read(cublasLtHandle_t handle, const std::string& text) const;
  void execute(cublasLtHandle_t handle, const ProductAlgorithm& algorithm, const void* a,
               const void* b, const float* bias, void* c, void* workspace,
               cudaStream_t stream) const;

 private:
  std::shared_ptr<cublasLtMatmulDescOpaque_t> description_;
  // cuBLASLt's matrices are column-major, so that ours are their transposes: cᵀ = bᵀ · aᵀ.
  std::shared_ptr<cublasLtMatrixLayoutOpaque_t> a_, b_, c_;
};

}  // namespace cnn::cuda
