// What oneDNN 2 (from 2.6 on) and oneDNN 3 have differently.
#pragma once
#include <dnnl.hpp>
#include <string>

namespace cnn {

using Desc = dnnl::memory::desc;

dnnl::engine& cpuEngine();

// A blocked layout: strides of the axes' outer parts, and sizes and axes of the inner blocks.
struct Blocking {
  dnnl::memory::dims dims, strides, blocks, axes;
};

#if DNNL_VERSION_MAJOR >= 3

// A primitive, by the values that follow the engine in oneDNN 3.
template <class Primitive, class... Values>
typename Primitive::primitive_desc describePrimitive(const dnnl::primitive_attr& attributes,
                                                     const Values&... values) {
  return {cpuEngine(), values..., attributes};
}

// A primitive of a gradient, which wants the description of the forward one.
template <class Primitive, class Forward, class... Values>
typename Primitive::primitive_desc describeGradient(const dnnl::primitive_attr& attributes,
                                                    const Forward& forward,
                                                    const Values&... values) {
  return {cpuEngine(), values..., forward, attributes};
}

inline void appendEltwise(dnnl::post_ops& operations, dnnl::algorithm algorithm) {
  operations.append_eltwise(algorithm, 0.0f, 0.0f);
}

inline Blocking blockingOf(const Desc& desc) {
  return {desc.get_dims(), desc.get_strides(), desc.get_inner_blks(), desc.get_inner_idxs()};
}

// Appends all that tells one layout from another.
inline void appendLayout(std::string& key, const Desc& desc) {
  const auto append = [&](const dnnl::memory::dims& values) {
    key.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
    key += '/';
  };
  const Blocking blocking = blockingOf(desc);
  append({static_cast<int64_t>(desc.get_data_type()), desc.get_submemory_offset()});
  append(blocking.dims);
  append(desc.get_padded_dims());
  append(blocking.strides);
  append(blocking.blocks);
  append(blocking.axes);
}

#else

template <class Primitive, class... Values>
typename Primitive::primitive_desc describePrimitive(const dnnl::primitive_attr& attributes,
                                                     const Values&... values) {
  return {typename Primitive::desc(values...), attributes, cpuEngine()};
}

template <class Primitive, class Forward, class... Values>
typename Primitive::primitive_desc describeGradient(const dnnl::primitive_attr& attributes,
                                                    const Forward& forward,
                                                    const Values&... values) {
  return {typename Primitive::desc(values...), attributes, cpuEngine(), forward};
}

inline void appendEltwise(dnnl::post_ops& operations, dnnl::algorithm algorithm) {
  operations.append_eltwise(1.0f, algorithm, 0.0f, 0.0f);
}

inline Blocking blockingOf(const Desc& desc) {
  const auto& blocking = desc.data.format_desc.blocking;
  const int axes = desc.data.ndims, blocks = blocking.inner_nblks;
  return {{desc.data.dims, desc.data.dims + axes},
          {blocking.strides, blocking.strides + axes},
          {blocking.inner_blks, blocking.inner_blks + blocks},
          {blocking.inner_idxs, blocking.inner_idxs + blocks}};
}

inline void appendLayout(std::string& key, const Desc& desc) {
  key.append(reinterpret_cast<const char*>(&desc.data), sizeof(desc.data));
}

#endif

}  // namespace cnn
