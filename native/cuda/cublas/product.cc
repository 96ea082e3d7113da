#include "product.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace cnn::cuda {
namespace {

// Of the blocks of the pool, and of tensors in them.
constexpr uint32_t kByteAlignment = 16;
// What NVIDIA advises for Hopper.
constexpr size_t kMostWorkspace = size_t{32} << 20;
// Digits of a word in base 16.
constexpr size_t kDigits = 16;

cudaDataType_t cublasType(DType type) { return type == DType::BFloat16 ? CUDA_R_16BF : CUDA_R_32F; }

template <class T>
void set(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t name, T value) {
  check(cublasLt().cublasLtMatmulDescSetAttribute(description, name, &value, sizeof value),
        "attribute " + std::to_string(name) + " of a product");
}

template <class T>
void set(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t name, T value) {
  check(cublasLt().cublasLtMatrixLayoutSetAttribute(layout, name, &value, sizeof value),
        "attribute " + std::to_string(name) + " of a matrix");
}

template <class T>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t name,
         T value) {
  check(cublasLt().cublasLtMatmulPreferenceSetAttribute(preference, name, &value, sizeof value),
        "attribute " + std::to_string(name) + " of a preference");
}

std::shared_ptr<cublasLtMatmulDescOpaque_t> describe(const MatMulParams& p, ProductTypes types,
                                                     bool hasBias) {
  cublasLtMatmulDesc_t made = nullptr;
  const auto compute = types.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  check(cublasLt().cublasLtMatmulDescCreate(&made, compute, CUDA_R_32F), "a product");
  std::shared_ptr<cublasLtMatmulDescOpaque_t> result(made, cublasLt().cublasLtMatmulDescDestroy);
  set(made, CUBLASLT_MATMUL_DESC_TRANSA, p.transposeB ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(made, CUBLASLT_MATMUL_DESC_TRANSB, p.transposeA ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (hasBias) set(made, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
  return result;
}

// `rows` of `columns` in row-major order; one of `batch` is repeated.
std::shared_ptr<cublasLtMatrixLayoutOpaque_t> layout(DType type, int64_t rows, int64_t columns,
                                                     bool repeated, int32_t batch) {
  cublasLtMatrixLayout_t made = nullptr;
  check(
      cublasLt().cublasLtMatrixLayoutCreate(&made, cublasType(type), static_cast<uint64_t>(columns),
                                            static_cast<uint64_t>(rows), columns),
      "a matrix");
  std::shared_ptr<cublasLtMatrixLayoutOpaque_t> result(made,
                                                       cublasLt().cublasLtMatrixLayoutDestroy);
  set(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, batch);
  set(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, repeated ? int64_t{0} : rows * columns);
  return result;
}

std::shared_ptr<cublasLtMatmulPreferenceOpaque_t> preference() {
  cublasLtMatmulPreference_t made = nullptr;
  check(cublasLt().cublasLtMatmulPreferenceCreate(&made), "a preference");
  std::shared_ptr<cublasLtMatmulPreferenceOpaque_t> result(
      made, cublasLt().cublasLtMatmulPreferenceDestroy);
  set(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMostWorkspace);
  // Of split sums, those that are kept in float32 and added in order.
  set(made, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  for (auto name :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set(made, name, kByteAlignment);
  }
  return result;
}

bool readAlgorithm(const std::string& text, cublasLtMatmulAlgo_t& algorithm) {
  if (text.size() != std::size(algorithm.data) * kDigits) return false;
  if (text.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  size_t at = 0;
  for (uint64_t& word : algorithm.data) {
    word = std::stoull(text.substr(at, kDigits), nullptr, 16);
    at += kDigits;
  }
  return true;
}

}  // namespace

std::string writeAlgorithm(const cublasLtMatmulAlgo_t& algorithm) {
  std::string text;
  for (const uint64_t word : algorithm.data) {
    char digits[kDigits + 1];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(word));
    text += digits;
  }
  return text;
}

Product::Product(const MatMulParams& p, ProductTypes types, bool hasBias)
    : description_(describe(p, types, hasBias)) {
  const int32_t batch = std::max(p.batchA, p.batchB);
  auto operand = [&](bool transposed, int64_t rows, int64_t columns, int32_t ownBatch) {
    if (transposed) std::swap(rows, columns);
    return layout(types.values, rows, columns, ownBatch < batch, batch);
  };
  a_ = operand(p.transposeA != 0, p.m, p.k, p.batchA);
  b_ = operand(p.transposeB != 0, p.k, p.n, p.batchB);
  c_ = layout(types.result, p.m, p.n, false, batch);
}

std::vector<ProductAlgorithm> Product::algorithms(cublasLtHandle_t handle, size_t most) const {
  std::vector<cublasLtMatmulHeuristicResult_t> found(most);
  int count = 0;
  check(cublasLt().cublasLtMatmulAlgoGetHeuristic(handle, description_.get(), b_.get(), a_.get(),
                                                  c_.get(), c_.get(), preference().get(),
                                                  static_cast<int>(most), found.data(), &count),
        "to name an algorithm for a product");
  std::vector<ProductAlgorithm> algorithms;
  for (int i = 0; i < count; i++) {
    if (found[i].state != CUBLAS_STATUS_SUCCESS) continue;
    algorithms.push_back({found[i].algo, found[i].workspaceSize});
  }
  return algorithms;
}

std::optional<ProductAlgorithm> Product::read(cublasLtHandle_t handle,
                                              const std::string& text) const {
  cublasLtMatmulAlgo_t algorithm;
  if (!readAlgorithm(text, algorithm)) return std::nullopt;
  cublasLtMatmulHeuristicResult_t result;
  const auto status = cublasLt().cublasLtMatmulAlgoCheck(
      handle, description_.get(), b_.get(), a_.get(), c_.get(), c_.get(), &algorithm, &result);
  if (status != CUBLAS_STATUS_SUCCESS) return std::nullopt;
  return ProductAlgorithm{algorithm, result.workspaceSize};
}

void Product::execute(cublasLtHandle_t handle, const ProductAlgorithm& algorithm, const void* a,
                      const void* b, const float* bias, void* c, void* workspace,
                      cudaStream_t stream) const {
  if (bias != nullptr) set(description_.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  const float one = 1, zero = 0;
  check(cublasLt().cublasLtMatmul(handle, description_.get(), &one, b, b_.get(), a, a_.get(), &zero,
                                  c, c_.get(), c, c_.get(), &algorithm.algorithm, workspace,
                                  algorithm.workspaceBytes, stream),
        "to run a product");
}

}  // namespace cnn::cuda
