#include "libraries.h"

#include "../libraries.h"

namespace cnn::cuda {
namespace {

// GPUs of one name may have other numbers of multiprocessors.
std::string nameOf(const DeviceInfo& device) {
  return device.name + " " + std::to_string(device.multiprocessors);
}

// 91900 is 9.19.0, and 130100 13.1.0.
std::string versionText(size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

std::string openLibraries() {
  return "cuDNN " + versionText(cnn::cuda::cudnn().cudnnGetVersion()) + ", cuBLASLt " +
         versionText(cnn::cuda::cublasLt().cublasLtGetVersion());
}

Libraries::Libraries(const Gpu& gpu)
    : choices(nameOf(gpu.info), cnn::cuda::cudnn().cudnnGetVersion(),
              cnn::cuda::cublasLt().cublasLtGetVersion()) {
  check(cnn::cuda::cudnn().cudnnCreate(&cudnn), "to start on " + gpu.info.name);
  check(cnn::cuda::cudnn().cudnnSetStream(cudnn, static_cast<cudaStream_t>(gpu.stream)),
        "a stream");
  check(cnn::cuda::cublasLt().cublasLtCreate(&cublasLt), "to start on " + gpu.info.name);
  target = Target::ofHandle(cudnn);
}

Libraries::~Libraries() {
  if (cublasLt != nullptr) cnn::cuda::cublasLt().cublasLtDestroy(cublasLt);
  if (cudnn != nullptr) cnn::cuda::cudnn().cudnnDestroy(cudnn);
}

Libraries& librariesOf(Context& context) {
  auto& libraries = context.gpu->libraries;
  if (libraries == nullptr) libraries = std::make_shared<Libraries>(*context.gpu);
  return *static_cast<Libraries*>(libraries.get());
}

void* workspaceOf(Context& context, size_t bytes) {
  constexpr size_t kAlignment = 256;
  if (bytes == 0) return nullptr;
  const auto begin = reinterpret_cast<uintptr_t>(
      context.scratchMemory(bytes + kAlignment - MemoryPool::kAlignment));
  return reinterpret_cast<void*>((begin + kAlignment - 1) / kAlignment * kAlignment);
}

}  // namespace cnn::cuda
