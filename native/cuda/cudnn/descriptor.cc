#include "descriptor.h"

namespace cnn::cuda {

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  cudnnBackendDescriptor_t object = nullptr;
  check(cudnn().cudnnBackendCreateDescriptor(type, &object), "a descriptor");
  object_ = std::shared_ptr<void>(object,
                                  [](void* made) { cudnn().cudnnBackendDestroyDescriptor(made); });
}

void Descriptor::setRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                        int64_t count, const void* values) {
  check(cudnn().cudnnBackendSetAttribute(raw(), name, type, count, values),
        "attribute " + std::to_string(name));
}

#define CNN_SETTER(CppType, attributeType)                                \
  void Descriptor::set(cudnnBackendAttributeName_t name, CppType value) { \
    setRaw(name, attributeType, 1, &value);                               \
  }
CNN_SETTER(bool, CUDNN_TYPE_BOOLEAN)
CNN_SETTER(int64_t, CUDNN_TYPE_INT64)
CNN_SETTER(float, CUDNN_TYPE_FLOAT)
CNN_SETTER(cudnnDataType_t, CUDNN_TYPE_DATA_TYPE)
CNN_SETTER(cudnnConvolutionMode_t, CUDNN_TYPE_CONVOLUTION_MODE)
CNN_SETTER(cudnnPointwiseMode_t, CUDNN_TYPE_POINTWISE_MODE)
CNN_SETTER(cudnnBackendHeurMode_t, CUDNN_TYPE_HEUR_MODE)
CNN_SETTER(cudnnHandle_t, CUDNN_TYPE_HANDLE)
CNN_SETTER(void*, CUDNN_TYPE_VOID_PTR)
#undef CNN_SETTER

void Descriptor::set(cudnnBackendAttributeName_t name, const std::string& text) {
  setRaw(name, CUDNN_TYPE_CHAR, static_cast<int64_t>(text.size()), text.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  cudnnBackendDescriptor_t object = value.raw();
  setRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &object);
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  setRaw(name, CUDNN_TYPE_INT64, static_cast<int64_t>(values.size()), values.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<void*>& values) {
  setRaw(name, CUDNN_TYPE_VOID_PTR, static_cast<int64_t>(values.size()), values.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values) {
  std::vector<cudnnBackendDescriptor_t> objects;
  for (const auto& value : values) objects.push_back(value.raw());
  setRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(objects.size()), objects.data());
}

void Descriptor::finalize(const std::string& what) {
  check(cudnn().cudnnBackendFinalize(raw()), what);
}
bool Descriptor::tryFinalize() {
  return cudnn().cudnnBackendFinalize(raw()) == CUDNN_STATUS_SUCCESS;
}

int64_t Descriptor::number(cudnnBackendAttributeName_t name) const {
  int64_t count = 0, value = 0;
  check(cudnn().cudnnBackendGetAttribute(raw(), name, CUDNN_TYPE_INT64, 1, &count, &value),
        "to tell attribute " + std::to_string(name));
  return value;
}

std::string Descriptor::text(cudnnBackendAttributeName_t name) const {
  int64_t count = 0;
  auto get = cudnn().cudnnBackendGetAttribute;
  if (get(raw(), name, CUDNN_TYPE_CHAR, 0, &count, nullptr) != CUDNN_STATUS_SUCCESS) return "";
  std::string result(static_cast<size_t>(count), '\0');
  check(get(raw(), name, CUDNN_TYPE_CHAR, count, &count, result.data()),
        "to tell attribute " + std::to_string(name));
  // The length counts the zero at the end.
  while (!result.empty() && result.back() == '\0') result.pop_back();
  return result;
}

std::vector<int> Descriptor::enums(cudnnBackendAttributeName_t name,
                                   cudnnBackendAttributeType_t type) const {
  constexpr int64_t kMost = 64;
  std::vector<int> values(kMost);
  int64_t count = 0;
  check(cudnn().cudnnBackendGetAttribute(raw(), name, type, kMost, &count, values.data()),
        "to tell attribute " + std::to_string(name));
  values.resize(static_cast<size_t>(count));
  return values;
}

std::vector<Descriptor> Descriptor::descriptors(cudnnBackendAttributeName_t name,
                                                cudnnBackendDescriptorType_t type) const {
  int64_t count = 0;
  auto get = cudnn().cudnnBackendGetAttribute;
  const std::string what = "to tell attribute " + std::to_string(name);
  check(get(raw(), name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr), what);
  std::vector<Descriptor> result;
  std::vector<cudnnBackendDescriptor_t> objects;
  for (int64_t i = 0; i < count; i++) {
    result.emplace_back(type);
    objects.push_back(result.back().raw());
  }
  check(get(raw(), name, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &count, objects.data()), what);
  result.resize(static_cast<size_t>(count));
  return result;
}

}  // namespace cnn::cuda
