#include "target.h"

namespace cnn::cuda {

Target Target::ofHandle(cudnnHandle_t handle) {
  Target target;
  target.handle = handle;
  return target;
}

Target Target::ofProperties(const std::string& json) {
  Target target;
  target.properties = Descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  target.properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, json);
  target.properties.finalize("the properties of a device");
  return target;
}

std::string describeDevice(cudnnHandle_t handle) {
  Descriptor properties(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  properties.set(CUDNN_ATTR_DEVICEPROP_HANDLE, handle);
  properties.finalize("the properties of the device");
  return properties.text(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION);
}

}  // namespace cnn::cuda
