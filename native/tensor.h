// A tensor as kernels see it: typed memory. Only the caller (src/backend) knows shapes.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/bf16.h"
#include "memory_pool.h"

namespace cnn {

enum class DType : int32_t { Float32 = 0, BFloat16 = 1, Int32 = 2, UInt8 = 3 };

inline size_t bytesOf(DType type) {
  constexpr size_t kBytes[] = {4, 2, 4, 1};
  return kBytes[static_cast<int>(type)];
}

inline const char* nameOf(DType type) {
  constexpr const char* kNames[] = {"float32", "bfloat16", "int32", "uint8"};
  return kNames[static_cast<int>(type)];
}

template <class T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr DType value = DType::Float32;
};
template <>
struct TypeOf<bf16> {
  static constexpr DType value = DType::BFloat16;
};
template <>
struct TypeOf<int32_t> {
  static constexpr DType value = DType::Int32;
};
template <>
struct TypeOf<uint8_t> {
  static constexpr DType value = DType::UInt8;
};

// Memory of the pool, given back when its last owner goes.
class PoolBlock {
 public:
  PoolBlock(MemoryPool* pool, size_t bytes)
      : pool_(pool), bytes_(bytes), data_(pool->acquire(bytes)) {}
  ~PoolBlock() { pool_->release(data_, bytes_); }
  PoolBlock(const PoolBlock&) = delete;
  PoolBlock& operator=(const PoolBlock&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // Memory that is used for `used` bytes now.
  void confine(size_t used) { pool_->confine(data_, used, bytes_); }

 private:
  MemoryPool* pool_;
  size_t bytes_;
  void* data_;
};

// A copy of a weight in the layout and type that one primitive computes in; none while no version
// of the weight was used twice.
struct PackedWeight {
  std::string key;
  uint64_t version;  // that was used last
  std::unique_ptr<PoolBlock> block;
  int64_t rows = 0;  // of the matrix that it transposes
};

struct Storage {
  Storage(MemoryPool* pool, size_t bytes) : block(pool, bytes) {}
  PoolBlock block;
  // Raised by every kernel that changes the values in place, so that packed copies are renewed.
  uint64_t version = 1;
  std::vector<PackedWeight> packed;
  // The same values in the same order as bfloat16, once a product has asked for them; SGD writes
  // them in the pass that changes the weight.
  std::unique_ptr<PoolBlock> narrow;
  uint64_t narrowVersion = 0;
  // No value of `boundVersion` is larger in size; known where a kernel knows it without looking, or
  // once one has asked.
  float bound = 0;
  uint64_t boundVersion = 0;
};

struct Tensor {
  std::shared_ptr<Storage> storage;
  DType dtype = DType::Float32;
  int64_t size = 0;

  static Tensor create(MemoryPool* pool, DType dtype, int64_t size) {
    size_t bytes = bytesOf(dtype) * static_cast<size_t>(size);
    return {std::make_shared<Storage>(pool, bytes), dtype, size};
  }
  bool exists() const { return storage != nullptr; }
  void* raw() const { return storage->block.data(); }
  size_t bytes() const { return bytesOf(dtype) * static_cast<size_t>(size); }
  template <class T>
  T* data() const {
    if (dtype != TypeOf<T>::value) {
      throw std::runtime_error(std::string("expected a tensor of ") + nameOf(TypeOf<T>::value) +
                               " but received " + nameOf(dtype));
    }
    return static_cast<T*>(raw());
  }
};

}  // namespace cnn
