#include "operands.h"

#include "copies.h"

namespace cnn::cuda {

const void* converted(Context& context, const Tensor& values, DType type, Tensor* keep) {
  if (values.dtype == type) return values.raw();
  *keep = Tensor::create(&context.pool, type, values.size);
  convert(context, values.raw(), values.dtype, keep->raw(), type, values.size);
  return keep->raw();
}

const void* factor(Context& context, const Tensor& values, DType type, Tensor* keep) {
  const bool narrows = values.dtype == DType::Float32 && type == DType::BFloat16;
  if (!narrows) return converted(context, values, type, keep);
  Storage& storage = *values.storage;
  if (!storage.narrow) {
    const size_t bytes = bytesOf(type) * static_cast<size_t>(values.size);
    storage.narrow = std::make_unique<PoolBlock>(&context.pool, bytes);
  }
  if (storage.narrowVersion != storage.version) {
    convert(context, values.raw(), values.dtype, storage.narrow->data(), type, values.size);
    storage.narrowVersion = storage.version;
  }
  return storage.narrow->data();
}

const void* packedFilter(Context& context, const Tensor& filter, const ConvParams& p, DType type) {
  Storage& storage = *filter.storage;
  const std::string key = nameOf(type);
  PackedWeight* packed = nullptr;
  for (auto& candidate : storage.packed) {
    if (candidate.key == key) packed = &candidate;
  }
  if (packed == nullptr) {
    const size_t bytes = bytesOf(type) * static_cast<size_t>(filter.size);
    storage.packed.push_back(
        {key, 0, std::make_unique<PoolBlock>(&context.pool, bytes), filter.size / p.outChannels});
    packed = &storage.packed.back();
  }
  if (packed->version != storage.version) {
    transpose(context, filter.raw(), filter.dtype, packed->block->data(), type, packed->rows,
              p.outChannels);
    packed->version = storage.version;
  }
  return packed->block->data();
}

Result::Result(Context& context, const Tensor& output, DType type)
    : context_(context), output_(output) {
  if (output.dtype != type) temporary_ = Tensor::create(&context.pool, type, output.size);
}

void Result::finish() const {
  if (!temporary_.exists()) return;
  convert(context_, temporary_.raw(), temporary_.dtype, output_.raw(), output_.dtype, output_.size);
}

}  // namespace cnn::cuda
