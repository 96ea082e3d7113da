// cudnn-device: prints the properties of the GPU as JSON, for plans where it is not (main.cc).
#include <iostream>
#include <stdexcept>

#include "../cudnn/target.h"
#include "../libraries/cudnn_functions.h"

int main() {
  using namespace cnn::cuda;
  try {
    cudnnHandle_t handle = nullptr;
    check(cudnn().cudnnCreate(&handle), "opening the GPU");
    std::cout << describeDevice(handle) << '\n';
    cudnn().cudnnDestroy(handle);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
