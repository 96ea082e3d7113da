// A cuBLASLt that computes on the emulated GPU, so that the code which asks the real one runs in
// tests too. It has two algorithms, of which the second needs a workspace, and takes only what
// cublas/product.cc asks for.
#include <cstring>
#include <map>
#include <vector>

#include "../../libraries/cublaslt_functions.h"
#include "../stream.h"
#include "../tf32.h"
#include "common/bf16.h"

namespace cnn::cuda {
namespace {

constexpr size_t kVersion = 130100;
constexpr uint64_t kMark = 0x63756c74;  // in the second word of an algorithm
constexpr size_t kWorkspaces[] = {0, 4096};

// What stands for each of the opaque structs.
struct Matrix {
  cudaDataType_t type;
  int64_t rows, columns, leading, stride = 0;
  int32_t batch = 1;
};
struct Description {
  cublasComputeType_t compute;
  cublasOperation_t transposeA = CUBLAS_OP_N, transposeB = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const float* bias = nullptr;
};
struct Preference {
  std::map<int, std::vector<char>> values;
};

template <class T, class Handle>
T& of(Handle handle) {
  return *reinterpret_cast<T*>(const_cast<void*>(static_cast<const void*>(handle)));
}

template <class T>
void take(T& to, const void* from, size_t bytes) {
  if (bytes == sizeof to) std::memcpy(static_cast<void*>(&to), from, bytes);
}

cublasStatus_t setDescription(cublasLtMatmulDesc_t handle, cublasLtMatmulDescAttributes_t name,
                              const void* value, size_t bytes) {
  auto& description = of<Description>(handle);
  switch (name) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return take(description.transposeA, value, bytes), CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return take(description.transposeB, value, bytes), CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return take(description.epilogue, value, bytes), CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return take(description.bias, value, bytes), CUBLAS_STATUS_SUCCESS;
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t setMatrix(cublasLtMatrixLayout_t handle, cublasLtMatrixLayoutAttribute_t name,
                         const void* value, size_t bytes) {
  auto& matrix = of<Matrix>(handle);
  switch (name) {
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return take(matrix.batch, value, bytes), CUBLAS_STATUS_SUCCESS;
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return take(matrix.stride, value, bytes), CUBLAS_STATUS_SUCCESS;
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

double valueAt(const Matrix& matrix, const void* values, int32_t batch, int64_t row, int64_t column,
               cublasOperation_t operation, bool tf32) {
  if (operation == CUBLAS_OP_T) std::swap(row, column);
  const int64_t at = batch * matrix.stride + column * matrix.leading + row;
  if (matrix.type == CUDA_R_16BF) return toFloat(static_cast<const bf16*>(values)[at]);
  const float value = static_cast<const float*>(values)[at];
  return tf32 ? emulated::roundToTf32(value) : value;
}

// d = a · b + bias, all of them column-major.
void multiply(const Description& description, const Matrix& a, const void* aValues, const Matrix& b,
              const void* bValues, const Matrix& d, void* dValues) {
  const bool tf32 = description.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  const int64_t depth = description.transposeA == CUBLAS_OP_T ? a.rows : a.columns;
  for (int32_t batch = 0; batch < d.batch; batch++) {
    for (int64_t column = 0; column < d.columns; column++) {
      for (int64_t row = 0; row < d.rows; row++) {
        double sum = description.epilogue == CUBLASLT_EPILOGUE_BIAS ? description.bias[row] : 0;
        for (int64_t k = 0; k < depth; k++) {
          sum += valueAt(a, aValues, batch, row, k, description.transposeA, tf32) *
                 valueAt(b, bValues, batch, k, column, description.transposeB, tf32);
        }
        const int64_t at = batch * d.stride + column * d.leading + row;
        const auto value = static_cast<float>(sum);
        if (d.type == CUDA_R_16BF) {
          static_cast<bf16*>(dValues)[at] = fromFloat<bf16>(value);
        } else {
          static_cast<float*>(dValues)[at] = value;
        }
      }
    }
  }
}

bool takes(const Description& description, const Matrix& a, const Matrix& b, const Matrix& d) {
  const bool types = a.type == b.type && (d.type == CUDA_R_32F || d.type == a.type);
  // As NVIDIA's table says: into bfloat16 no bias but one in bfloat16, which we never give.
  return types && (description.epilogue == CUBLASLT_EPILOGUE_DEFAULT || d.type == CUDA_R_32F);
}

cublasStatus_t findAlgorithms(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t d,
                              cublasLtMatmulPreference_t preference, int requested,
                              cublasLtMatmulHeuristicResult_t* results, int* found) {
  const std::vector<char>& mask =
      of<Preference>(preference).values.at(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
  uint32_t schemes = 0;
  take(schemes, mask.data(), mask.size());
  *found = 0;
  if (!takes(of<Description>(description), of<Matrix>(a), of<Matrix>(b), of<Matrix>(d)) ||
      schemes != CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  for (uint64_t i = 0; i < 2 && *found < requested; i++) {
    results[i] = {};
    results[i].algo.data[0] = i;
    results[i].algo.data[1] = kMark;
    results[i].workspaceSize = kWorkspaces[i];
    results[i].state = CUBLAS_STATUS_SUCCESS;
    (*found)++;
  }
  return CUBLAS_STATUS_SUCCESS;
}

bool known(const cublasLtMatmulAlgo_t& algorithm) {
  return algorithm.data[0] < 2 && algorithm.data[1] == kMark;
}

cublasStatus_t checkAlgorithm(cublasLtHandle_t, cublasLtMatmulDesc_t description,
                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t d,
                              const cublasLtMatmulAlgo_t* algorithm,
                              cublasLtMatmulHeuristicResult_t* result) {
  if (!known(*algorithm) ||
      !takes(of<Description>(description), of<Matrix>(a), of<Matrix>(b), of<Matrix>(d))) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  result->workspaceSize = kWorkspaces[algorithm->data[0]];
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t run(cublasLtHandle_t, cublasLtMatmulDesc_t handle, const void*, const void* a,
                   cublasLtMatrixLayout_t aMatrix, const void* b, cublasLtMatrixLayout_t bMatrix,
                   const void*, const void*, cublasLtMatrixLayout_t, void* d,
                   cublasLtMatrixLayout_t dMatrix, const cublasLtMatmulAlgo_t* algorithm,
                   void* workspace, size_t workspaceBytes, cudaStream_t stream) {
  if (!known(*algorithm)) return CUBLAS_STATUS_INVALID_VALUE;
  const size_t needed = kWorkspaces[algorithm->data[0]];
  if (needed > workspaceBytes || (needed > 0 && workspace == nullptr)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  emulated::enqueue(stream, "cublasLtMatmul",
                    [=, description = of<Description>(handle), left = of<Matrix>(aMatrix),
                     right = of<Matrix>(bMatrix), result = of<Matrix>(dMatrix)] {
                      if (needed > 0) std::memset(workspace, 0xff, needed);
                      multiply(description, left, a, right, b, result, d);
                    });
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

const CublasLtFunctions& cublasLt() {
  static const CublasLtFunctions functions = {
      [] { return kVersion; },
      [](cublasStatus_t status) {
        return status == CUBLAS_STATUS_NOT_SUPPORTED ? "CUBLAS_STATUS_NOT_SUPPORTED"
                                                     : "CUBLAS_STATUS_INVALID_VALUE";
      },
      [](cublasLtHandle_t* handle) {
        *handle = nullptr;
        return CUBLAS_STATUS_SUCCESS;
      },
      [](cublasLtHandle_t) { return CUBLAS_STATUS_SUCCESS; },
      [](cublasLtMatmulDesc_t* made, cublasComputeType_t compute, cudaDataType_t) {
        *made = reinterpret_cast<cublasLtMatmulDesc_t>(new Description{compute});
        return CUBLAS_STATUS_SUCCESS;
      },
      [](cublasLtMatmulDesc_t description) {
        delete &of<Description>(description);
        return CUBLAS_STATUS_SUCCESS;
      },
      setDescription,
      [](cublasLtMatrixLayout_t* made, cudaDataType type, uint64_t rows, uint64_t columns,
         int64_t leading) {
        *made = reinterpret_cast<cublasLtMatrixLayout_t>(
            new Matrix{type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading});
        return CUBLAS_STATUS_SUCCESS;
      },
      [](cublasLtMatrixLayout_t matrix) {
        delete &of<Matrix>(matrix);
        return CUBLAS_STATUS_SUCCESS;
      },
      setMatrix,
      [](cublasLtMatmulPreference_t* made) {
        *made = reinterpret_cast<cublasLtMatmulPreference_t>(new Preference);
        return CUBLAS_STATUS_SUCCESS;
      },
      [](cublasLtMatmulPreference_t preference) {
        delete &of<Preference>(preference);
        return CUBLAS_STATUS_SUCCESS;
      },
      [](cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t name,
         const void* value, size_t bytes) {
        const auto* first = static_cast<const char*>(value);
        of<Preference>(preference).values[name].assign(first, first + bytes);
        return CUBLAS_STATUS_SUCCESS;
      },
      findAlgorithms,
      checkAlgorithm,
      run};
  return functions;
}

}  // namespace cnn::cuda
