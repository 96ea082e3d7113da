// The objects of cuDNN's graph API. Each is made, given attributes and finalised, and from then on
// is constant; a copy of a Descriptor is the same object.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../libraries/cudnn_functions.h"

namespace cnn::cuda {

class Descriptor {
 public:
  // None.
  Descriptor() = default;
  explicit Descriptor(cudnnBackendDescriptorType_t type);

  bool exists() const { return object_ != nullptr; }
  cudnnBackendDescriptor_t raw() const { return object_.get(); }

  void set(cudnnBackendAttributeName_t name, bool value);
  void set(cudnnBackendAttributeName_t name, int64_t value);
  void set(cudnnBackendAttributeName_t name, float value);
  void set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  void set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnHandle_t value);
  void set(cudnnBackendAttributeName_t name, void* value);
  void set(cudnnBackendAttributeName_t name, const std::string& text);
  void set(cudnnBackendAttributeName_t name, const Descriptor& value);
  void set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values);
  void set(cudnnBackendAttributeName_t name, const std::vector<void*>& values);
  void set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values);

  // `what` names it where cuDNN refuses.
  void finalize(const std::string& what);
  // False where cuDNN refuses.
  bool tryFinalize();

  int64_t number(cudnnBackendAttributeName_t name) const;
  // Empty where there is none.
  std::string text(cudnnBackendAttributeName_t name) const;
  std::vector<int> enums(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const;
  // Descriptors of a type.
  std::vector<Descriptor> descriptors(cudnnBackendAttributeName_t name,
                                      cudnnBackendDescriptorType_t type) const;

 private:
  void setRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
              const void* values);

  std::shared_ptr<void> object_;
};

}  // namespace cnn::cuda
