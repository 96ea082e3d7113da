#include "libraries.h"

namespace cnn::cuda {
namespace {

Choices openChoices(const DeviceInfo& device) {
  const size_t cudnnVersion = cnn::cuda::cudnn().cudnnGetVersion();
  const size_t cublasVersion = cnn::cuda::cublasLt().cublasLtGetVersion();
  // The number of multiprocessors tells apart GPUs of one name that were divided.
  const std::string name = device.name + " " + std::to_string(device.multiprocessors);
  return Choices(choicesPath(name, cudnnVersion, cublasVersion),
                 {{"gpu", name},
                  {"cudnn", std::to_string(cudnnVersion)},
                  {"cublasLt", std::to_string(cublasVersion)}});
}

}  // namespace

Libraries::Libraries(const Gpu& gpu) : choices(openChoices(gpu.info)) {
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

}  // namespace cnn::cuda
