// What the oneDNN kernels share: the engine, prepared primitives, packed weights, conversions.
#pragma once
#include <unordered_map>

#include "cpu/compute_type.h"
#include "cpu/kept_copy.h"
#include "kernel.h"
#include "params.h"
#include "version.h"

namespace cnn {

using Arguments = std::unordered_map<int, dnnl::memory>;

dnnl::stream& cpuStream();
dnnl::memory::data_type onednnType(DType type);

// `values` as they are, or converted into memory that `keep` then owns.
void* converted(Context& context, const Tensor& values, DType type, Tensor* keep);
void convert(Context& context, const void* from, DType fromType, void* to, DType toType,
             int64_t size);
void reorder(Context& context, const Desc& fromDesc, void* from, const Desc& toDesc, void* to);

// A primitive with its memory objects; only the handles change from call to call.
struct Prepared {
  dnnl::primitive primitive;
  Arguments arguments;
  size_t scratchBytes = 0;

  // Fails if oneDNN fell to a reference implementation and `strict` is set or it was chosen.
  void accept(const Call& call, const char* implementation) const;
  void add(int argument, const Desc& desc);
  void execute(Context& context, std::initializer_list<std::pair<int, void*>> handles);
};

// The primitive prepared earlier under this kernel, variant and parameters, or a new one.
template <class Kind, class Make>
Kind& prepared(const Call& call, const std::string& variant, const void* params, size_t bytes,
               Make make) {
  std::string key = std::string(call.kernel) + '/' + variant + '/';
  key.append(static_cast<const char*>(params), bytes);
  auto& entry = call.context.prepared[key];
  if (entry == nullptr) entry = std::make_shared<Kind>(make());
  return *static_cast<Kind*>(entry.get());
}

// A weight in the layout that a primitive computes in; `temporary` owns it unless the weight does.
struct Packed {
  void* values;
  std::unique_ptr<PoolBlock> temporary;
};

// The weight as `fill(void* into)` writes it; the copy is kept as keptCopy() says.
template <class Fill>
Packed packedWeight(Context& context, const Tensor& weight, const std::string& key, size_t bytes,
                    Fill fill) {
  const KeptCopy copy = keptCopy(context, weight, key, bytes);
  if (copy.values != nullptr && !copy.fresh) return {copy.values, nullptr};
  auto block = copy.values ? nullptr : std::make_unique<PoolBlock>(&context.pool, bytes);
  void* values = block ? block->data() : copy.values;
  fill(values);
  return {values, std::move(block)};
}

// oneDNN's ReLU is maxps with 0 as the second operand, which makes 0 of a NaN: it serves only where
// none can come up. `adds`: first to what the output holds.
dnnl::primitive_attr attributesFor(Activation activation, bool adds = false);

// For what attributesFor cannot do: in place, a NaN stays one.
void applyRelu(const Context& context, void* values, DType type, int64_t size);

// The largest size of the values: infinity or NaN where one is. It reads them unless it is known.
float magnitudeOf(const Context& context, const Tensor& values);

}  // namespace cnn
