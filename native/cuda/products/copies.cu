#include "common/unary_functors.h"
#include "copies.h"
#include "cuda/kernels.h"

namespace cnn::cuda {
namespace {

template <class From, class To>
__global__ void __launch_bounds__(kBlock) convertValues(const From* from, To* to, int64_t count) {
  constexpr int kCount = 4;
  for (int64_t i = kCount * firstIndex(); i < count; i += kCount * indexStride()) {
    if (i + kCount <= count) {
      const Pack<From, kCount> values = load<From, kCount>(from + i);
      Pack<To, kCount> converted;
      for (int j = 0; j < kCount; j++)
        converted.values[j] = fromFloat<To>(toFloat(values.values[j]));
      store(to + i, converted);
    } else {
      for (int64_t j = i; j < count; j++) to[j] = fromFloat<To>(toFloat(from[j]));
    }
  }
}

constexpr int kTile = 32;
constexpr int kTileRows = 8;  // that the threads of a block read at once

// A block moves a square through shared memory, so that reads and writes are both of neighbours. A
// line of the square is one longer, so that its columns are in different banks.
template <class From, class To>
__global__ void __launch_bounds__(kTile* kTileRows)
    transposeTile(const From* from, To* to, int64_t rows, int64_t columns) {
  SHARED(float, tile, kTile*(kTile + 1));
  const int64_t firstColumn = int64_t{blockIdx.x} * kTile;
  const int64_t firstRow = int64_t{blockIdx.y} * kTile;
  const int64_t column = firstColumn + threadIdx.x;
  for (unsigned i = threadIdx.y; i < kTile; i += kTileRows) {
    if (firstRow + i < rows && column < columns) {
      tile[i * (kTile + 1) + threadIdx.x] = toFloat(from[(firstRow + i) * columns + column]);
    }
  }
  __syncthreads();
  const int64_t row = firstRow + threadIdx.x;
  for (unsigned i = threadIdx.y; i < kTile; i += kTileRows) {
    if (firstColumn + i < columns && row < rows) {
      to[(firstColumn + i) * rows + row] = fromFloat<To>(tile[threadIdx.x * (kTile + 1) + i]);
    }
  }
}

struct Identity {
  __device__ static float apply(float x) { return x; }
};

// COUNT channels at once.
template <class Functor, class T, int COUNT>
__global__ void __launch_bounds__(kBlock)
    addBias(T* y, const float* bias, int64_t groups, unsigned groupsOfRow) {
  for (int64_t i = firstIndex(); i < groups; i += indexStride()) {
    const unsigned channel = COUNT * static_cast<unsigned>(i % groupsOfRow);
    Pack<T, COUNT> values = load<T, COUNT>(y + COUNT * i);
    for (int j = 0; j < COUNT; j++) {
      const float shift = bias == nullptr ? 0.0f : bias[channel + j];
      values.values[j] = fromFloat<T>(Functor::apply(toFloat(values.values[j]) + shift));
    }
    store(y + COUNT * i, values);
  }
}

template <class Functor, class T>
void addBiasTo(const Context& context, T* y, const float* bias, int64_t rows, int64_t channels) {
  auto enqueue = [&](auto count) {
    constexpr int kCount = decltype(count)::value;
    const int64_t groups = rows * channels / kCount;
    if (groups == 0) return;
    LAUNCH((addBias<Functor, T, kCount>), blocksFor(context, groups, 4), kBlock,
           context.gpu->stream, y, bias, groups, static_cast<unsigned>(channels / kCount));
  };
  if (channels % kPack<T> == 0) {
    enqueue(std::integral_constant<int, kPack<T>>{});
  } else {
    enqueue(std::integral_constant<int, 1>{});
  }
}

// Calls body with pointers of the two types.
template <class Body>
void withTypes(const void* from, DType fromType, void* to, DType toType, const Body& body) {
  const bool taken = withFloatType(fromType, [&](auto fromZero) {
    return withFloatType(toType, [&](auto toZero) {
      body(static_cast<const decltype(fromZero)*>(from), static_cast<decltype(toZero)*>(to));
      return true;
    });
  });
  if (!taken) throw std::runtime_error("A copy on the GPU takes floating-point types alone");
}

}  // namespace

void convert(const Context& context, const void* from, DType fromType, void* to, DType toType,
             int64_t count) {
  if (count == 0) return;
  withTypes(from, fromType, to, toType, [&](auto source, auto target) {
    using From = std::remove_const_t<std::remove_pointer_t<decltype(source)>>;
    using To = std::remove_pointer_t<decltype(target)>;
    LAUNCH((convertValues<From, To>), blocksFor(context, count, 4), kBlock, context.gpu->stream,
           source, target, count);
  });
}

void transpose(const Context& context, const void* from, DType fromType, void* to, DType toType,
               int64_t rows, int64_t columns) {
  if (rows * columns == 0) return;
  withTypes(from, fromType, to, toType, [&](auto source, auto target) {
    using From = std::remove_const_t<std::remove_pointer_t<decltype(source)>>;
    using To = std::remove_pointer_t<decltype(target)>;
    const dim3 grid(static_cast<unsigned>((columns + kTile - 1) / kTile),
                    static_cast<unsigned>((rows + kTile - 1) / kTile));
    LAUNCH((transposeTile<From, To>), grid, dim3(kTile, kTileRows), context.gpu->stream, source,
           target, rows, columns);
  });
}

void biasActivation(const Context& context, void* y, DType type, const float* bias, int64_t rows,
                    int64_t channels, Activation activation) {
  withTypes(y, type, y, type, [&](auto, auto values) {
    switch (activation) {
      case Activation::Relu:
        return addBiasTo<functors::Relu>(context, values, bias, rows, channels);
      case Activation::Tanh:
        return addBiasTo<functors::Tanh>(context, values, bias, rows, channels);
      default:
        return addBiasTo<Identity>(context, values, bias, rows, channels);
    }
  });
}

}  // namespace cnn::cuda
