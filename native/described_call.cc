#include "described_call.h"

#include "checks/call_check.h"

namespace cnn {
namespace {

TensorKind kindOf(double type, double size) {
  if (type == -1) return {-1, 0};
  if (type >= 0 && type <= static_cast<int>(DType::UInt8) && size >= 0 && size <= INT32_MAX) {
    return {static_cast<int32_t>(type), static_cast<int64_t>(size)};
  }
  throw std::runtime_error("expected a type and a size below 2^31");
}

}  // namespace

DescribedCall describedCall(const Arguments& arguments, int first) {
  const int32_t number = arguments.integer(first);
  if (number < 0 || static_cast<size_t>(number) >= kernelTable().size()) {
    throw std::runtime_error("there is no kernel " + std::to_string(number));
  }
  size_t tensorBytes, wordBytes;
  const auto* tensors = static_cast<const double*>(arguments.typedArray(first + 1, &tensorBytes));
  const auto* words = static_cast<const int32_t*>(arguments.typedArray(first + 2, &wordBytes));
  const size_t count = tensorBytes / sizeof(double), wordCount = wordBytes / sizeof(int32_t);
  if (count == 0) throw std::runtime_error("expected the number of inputs");
  DescribedCall call{kernelTable()[static_cast<size_t>(number)], {}, {}, {}};
  if (static_cast<int>(wordCount) < fixedWordsOf(call.kernel.fields)) {
    throw std::runtime_error("expected more words of parameters");
  }
  call.words.assign(words, words + wordCount);
  for (size_t at = 1; at + 1 < count; at += 2) {
    auto& list = static_cast<double>(call.inputs.size()) < tensors[0] ? call.inputs : call.outputs;
    list.push_back(kindOf(tensors[at], tensors[at + 1]));
  }
  return call;
}

std::vector<Tensor> createTensors(MemoryPool& pool, const std::vector<TensorKind>& kinds) {
  std::vector<Tensor> tensors;
  for (const auto& [type, size] : kinds) {
    tensors.push_back(type < 0 ? Tensor{} : Tensor::create(&pool, static_cast<DType>(type), size));
  }
  return tensors;
}

}  // namespace cnn
