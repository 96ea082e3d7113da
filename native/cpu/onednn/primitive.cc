#include "primitive.h"

#include <cstdlib>
#include <cstring>

#include "cpu/loops/magnitude.h"
#include "isa_tables.h"

namespace cnn {

using dnnl::memory;

dnnl::engine& cpuEngine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& cpuStream() {
  static dnnl::stream stream(cpuEngine());
  return stream;
}

memory::data_type onednnType(DType type) {
  switch (type) {
    case DType::Float32:
      return memory::data_type::f32;
    case DType::BFloat16:
      return memory::data_type::bf16;
    case DType::Int32:
      return memory::data_type::s32;
    case DType::UInt8:
      return memory::data_type::u8;
  }
  throw std::runtime_error("unknown type");
}

DType computeType(DType storage) {
  // CNN_BF16=native lets a machine without AMX run the same primitives (tests).
  static const bool kNative = [] {
    const char* wish = std::getenv("CNN_BF16");
    bool forced = wish != nullptr && std::strcmp(wish, "native") == 0;
    dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
    return isa >= dnnl::cpu_isa::avx512_core_amx ||
           (forced && isa >= dnnl::cpu_isa::avx512_core_bf16);
  }();
  return storage == DType::BFloat16 && kNative ? DType::BFloat16 : DType::Float32;
}

bool multipliesBf16() {
  static const bool multiplies = computeType(DType::BFloat16) == DType::BFloat16 ||
                                 dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_bf16;
  return multiplies;
}

bool computesIn(const Call& call, DType type, DType storage) {
  if (!call.chosen || storage != DType::BFloat16) return type == computeType(storage);
  return type == DType::Float32 || multipliesBf16();
}

void reorder(Context& context, const Desc& fromDesc, void* from, const Desc& toDesc, void* to) {
  std::string key = "reorder/";
  appendLayout(key, fromDesc);
  appendLayout(key, toDesc);
  auto& entry = context.prepared[key];
  if (entry == nullptr) {
    dnnl::reorder::primitive_desc description(cpuEngine(), fromDesc, cpuEngine(), toDesc);
    entry = std::make_shared<dnnl::reorder>(description);
  }
  memory source(fromDesc, cpuEngine(), from);
  memory target(toDesc, cpuEngine(), to);
  static_cast<dnnl::reorder*>(entry.get())->execute(cpuStream(), source, target);
}

void convert(Context& context, const void* from, DType fromType, void* to, DType toType,
             int64_t size) {
  if (size == 0 || context.measuring) return;
  Desc fromDesc({size}, onednnType(fromType), memory::format_tag::a);
  Desc toDesc({size}, onednnType(toType), memory::format_tag::a);
  reorder(context, fromDesc, const_cast<void*>(from), toDesc, to);
}

void* converted(Context& context, const Tensor& values, DType type, Tensor* keep) {
  if (values.dtype == type) return values.raw();
  *keep = Tensor::create(&context.pool, type, values.size);
  convert(context, values.raw(), values.dtype, keep->raw(), type, values.size);
  return keep->raw();
}

void Prepared::accept(const Call& call, const char* implementation) const {
  if ((call.context.strict || call.chosen) && std::strstr(implementation, "ref") != nullptr) {
    throw std::runtime_error(std::string("oneDNN fell to its implementation ") + implementation);
  }
}

void Prepared::add(int argument, const Desc& desc) {
  arguments[argument] = memory(desc, cpuEngine(), DNNL_MEMORY_NONE);
  if (argument == DNNL_ARG_SCRATCHPAD) scratchBytes = desc.get_size();
}

void Prepared::execute(Context& context, std::initializer_list<std::pair<int, void*>> handles) {
  void* scratch = scratchBytes > 0 ? context.scratchMemory(scratchBytes) : nullptr;
  if (context.measuring) return;
  for (const auto& [argument, handle] : handles) {
    if (handle != nullptr) arguments.at(argument).set_data_handle(handle);
  }
  if (scratch != nullptr) arguments.at(DNNL_ARG_SCRATCHPAD).set_data_handle(scratch);
  primitive.execute(cpuStream(), arguments);
}

CNN_TABLES_BY_ISA(MagnitudeLoops, kMagnitudeLoops, magnitudeLoopsFor)

void applyRelu(const Context& context, void* values, DType type, int64_t size) {
  if (!context.measuring) magnitudeLoopsFor(context.isa).relu(values, type, size);
}

float magnitudeOf(const Context& context, const Tensor& values) {
  Storage& storage = *values.storage;
  if (storage.boundVersion != storage.version) {
    storage.bound = magnitudeLoopsFor(context.isa).largest(values);
    storage.boundVersion = storage.version;
  }
  return storage.bound;
}

dnnl::primitive_attr attributesFor(Activation activation, bool adds) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops operations;
  if (adds) operations.append_sum(1.0f);
  if (activation != Activation::Linear) {
    bool relu = activation == Activation::Relu;
    appendEltwise(operations, relu ? dnnl::algorithm::eltwise_relu : dnnl::algorithm::eltwise_tanh);
  }
  attributes.set_post_ops(operations);
  return attributes;
}

}  // namespace cnn
