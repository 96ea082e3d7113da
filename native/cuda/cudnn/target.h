// The GPU that plans are made for: one that is there, or the properties of one that is not.
#pragma once
#include <string>

#include "descriptor.h"

namespace cnn::cuda {

struct Target {
  // A null handle: by `properties` alone, which make plans that cannot run.
  cudnnHandle_t handle = nullptr;
  Descriptor properties;

  static Target ofHandle(cudnnHandle_t handle);
  // `json`: as cuDNN writes the properties of a device.
  static Target ofProperties(const std::string& json);
};

// The properties of a device as JSON.
std::string describeDevice(cudnnHandle_t handle);

}  // namespace cnn::cuda
