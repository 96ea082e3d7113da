// The gradient of max pooling, without a stored mask: the pool's output says which input was the
// maximum. Comparisons are on bits, which are exact and find a NaN too.
#include "pool_window.h"

namespace cnn {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 2, uint16_t, uint32_t>;

// Values as the bits they are.
template <class T>
Bits<T>* bitsOf(const Tensor& tensor) {
  return static_cast<Bits<T>*>(tensor.raw());
}

// What is left of a window's gradient goes to the values that equal the maximum, once.
template <class X, class D, int WIDTH>
struct Passing {
  cuda::Pack<X, WIDTH> maximum = {};
  cuda::Pack<D, WIDTH> left = {};

  __device__ cuda::Pack<D, WIDTH> to(const cuda::Pack<X, WIDTH>& values) {
    cuda::Pack<D, WIDTH> gradient;
#pragma unroll
    for (int c = 0; c < WIDTH; c++) {
      const bool found = values.values[c] == maximum.values[c];
      gradient.values[c] = found ? left.values[c] : 0;
      left.values[c] = found ? 0 : left.values[c];
    }
    return gradient;
  }
};

// Windows that share no input: a thread for each cell of a stride's size writes all gradients of
// its window, and zeros for inputs that are in none. FILTER is the side of windows that fill their
// cells, or 0.
template <class X, class D, int WIDTH, int FILTER>
__global__ void __launch_bounds__(kBlock)
    passOn(const X* x, const X* y, const D* dy, D* dx, Windows windows, PixelGrid cells) {
  Pixel cell;
  if (!cells.find(cell)) return;
  const bool exists = cell.row < windows.rows.out && cell.column < windows.columns.out;
  Passing<X, D, WIDTH> passing;
  if (exists) {
    const int64_t at = windows.outputAt(cell.image, cell.row, cell.column) + cell.pack * WIDTH;
    passing.maximum = cuda::load<X, WIDTH>(y + at);
    passing.left = cuda::load<D, WIDTH>(dy + at);
  }
  const int64_t image = windows.inputAt(cell.image, 0, 0) + cell.pack * WIDTH;
  const int32_t top = windows.rows.firstOf(cell.row);
  const int32_t left = windows.columns.firstOf(cell.column);
  if constexpr (FILTER > 0) {
    cuda::Pack<X, WIDTH> values[FILTER * FILTER] = {};  // all loaded before any is stored
    forTaps<FILTER>(windows, top, left, [&](int32_t place, int32_t row, int32_t column) {
      values[place] = cuda::load<X, WIDTH>(x + image + windows.inputAt(0, row, column));
    });
    forTaps<FILTER>(windows, top, left, [&](int32_t place, int32_t row, int32_t column) {
      cuda::store(dx + image + windows.inputAt(0, row, column), passing.to(values[place]));
    });
  } else {
    forCell(windows, top, left, [&](int32_t row, int32_t column, bool inWindow) {
      const int64_t at = image + windows.inputAt(0, row, column);
      cuda::Pack<D, WIDTH> gradient = {};
      if (inWindow && exists) gradient = passing.to(cuda::load<X, WIDTH>(x + at));
      cuda::store(dx + at, gradient);
    });
  }
}

// Finds, for each channel of a window, the place of the first value that equals its maximum y.
template <class X, class Place, int WIDTH, int FILTER>
__global__ void __launch_bounds__(kBlock, 4)
    findMaxima(const X* x, const X* y, Place* places, Windows windows, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  const int64_t at = windows.outputAt(pixel.image, pixel.row, pixel.column) + pixel.pack * WIDTH;
  const auto maximum = cuda::load<X, WIDTH>(y + at);
  constexpr Place kNone = static_cast<Place>(-1);
  cuda::Pack<Place, WIDTH> found;
#pragma unroll
  for (int c = 0; c < WIDTH; c++) found.values[c] = kNone;
  const X* image = x + windows.inputAt(pixel.image, 0, 0) + pixel.pack * WIDTH;
  forTaps<FILTER>(windows, windows.rows.firstOf(pixel.row), windows.columns.firstOf(pixel.column),
                  [&](int32_t place, int32_t row, int32_t column) {
                    const auto tap = cuda::load<X, WIDTH>(image + windows.inputAt(0, row, column));
#pragma unroll
                    for (int c = 0; c < WIDTH; c++) {
                      const bool first =
                          found.values[c] == kNone && tap.values[c] == maximum.values[c];
                      if (first) found.values[c] = static_cast<Place>(place);
                    }
                  });
  cuda::store(places + at, found);
}

// Each input sums the gradients of the windows whose maximum it is, so that no two threads write
// the same place and the order of the sum is fixed.
template <class D, class Place, int WIDTH>
__global__ void __launch_bounds__(kBlock, 4)
    gatherGradients(const D* dy, const Place* places, D* dx, Windows windows, PixelGrid grid) {
  Pixel pixel;
  if (!grid.find(pixel)) return;
  float sums[WIDTH] = {};
  const int64_t image = windows.outputAt(pixel.image, 0, 0) + pixel.pack * WIDTH;
  windows.rows.forReaders(pixel.row, [&](int32_t row, int32_t tapRow) {
    windows.columns.forReaders(pixel.column, [&](int32_t column, int32_t tapColumn) {
      const int64_t at = image + windows.outputAt(0, row, column);
      const auto found = cuda::load<Place, WIDTH>(places + at);
      const auto gradient = cuda::load<D, WIDTH>(dy + at);
      const auto place = static_cast<Place>(tapRow * windows.columns.filter + tapColumn);
#pragma unroll
      for (int c = 0; c < WIDTH; c++) {
        sums[c] += found.values[c] == place ? toFloat(gradient.values[c]) : 0;
      }
    });
  });
  const int64_t at = windows.inputAt(pixel.image, pixel.row, pixel.column);
  storeFloats(dx + at + pixel.pack * WIDTH, sums);
}

// Whether no two windows share an input.
bool areApart(const PoolParams& p) {
  return p.filterHeight <= p.strideHeight && p.filterWidth <= p.strideWidth &&
         p.dilationHeight == 1 && p.dilationWidth == 1;
}

template <class X, class D>
bool gradientOfCells(const Call& call, const PoolParams& p) {
  const Windows windows(p);
  const Bits<D>* dy = bitsOf<D>(call.inputs[0]);
  const Bits<X>* x = bitsOf<X>(call.inputs[1]);
  const Bits<X>* y = bitsOf<X>(call.inputs[2]);
  Bits<D>* dx = bitsOf<D>(call.outputs[0]);
  const auto cellsOf = [](int32_t in, int32_t pad, int32_t stride) {
    return (in + pad + stride - 1) / stride;
  };
  const int32_t height = cellsOf(p.inHeight, p.padTop, p.strideHeight);
  const int32_t width = cellsOf(p.inWidth, p.padLeft, p.strideWidth);
  constexpr int kWidest = std::max(cuda::kPack<X>, cuda::kPack<D>);
  return withWidth<kWidest>({p.channels}, [&](auto packed) {
    constexpr int kWidth = decltype(packed)::value;
    const PixelGrid cells(p.batch, height, width, p.channels / kWidth);
    if (!cells.fits()) return false;
    const auto run = [&](auto filter) {
      LAUNCH((passOn<Bits<X>, Bits<D>, kWidth, decltype(filter)::value>), cells.blocks(), kBlock,
             streamOf(call), x, y, dy, dx, windows, cells);
    };
    const bool filled =
        p.filterHeight == 2 && p.filterWidth == 2 && p.strideHeight == 2 && p.strideWidth == 2;
    filled ? run(std::integral_constant<int, 2>{}) : run(std::integral_constant<int, 0>{});
    return true;
  });
}

// By the places of all maxima.
template <class X, class D, class Place>
bool gradientByPlaces(const Call& call, const PoolParams& p) {
  const Windows windows(p);
  const Bits<X>* x = bitsOf<X>(call.inputs[1]);
  const Bits<X>* y = bitsOf<X>(call.inputs[2]);
  const D* dy = valuesOf<D>(call.inputs[0]);
  D* dx = valuesOf<D>(call.outputs[0]);
  return withWidth<cuda::kPack<X>>({p.channels}, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    const PixelGrid outputs(p.batch, p.outHeight, p.outWidth, p.channels / kWidth);
    const PixelGrid inputs(p.batch, p.inHeight, p.inWidth, p.channels / kWidth);
    if (!outputs.fits() || !inputs.fits()) return false;
    const auto count = static_cast<size_t>(call.inputs[2].size);
    auto* places = static_cast<Place*>(call.context.scratchMemory(count * sizeof(Place)));
    const auto find = [&](auto filter) {
      LAUNCH((findMaxima<Bits<X>, Place, kWidth, decltype(filter)::value>), outputs.blocks(),
             kBlock, streamOf(call), x, y, places, windows, outputs);
    };
    if constexpr (sizeof(Place) == 1) {
      withFilter(p, find);
    } else {
      find(std::integral_constant<int, 0>{});
    }
    LAUNCH((gatherGradients<D, Place, kWidth>), inputs.blocks(), kBlock, streamOf(call), dy, places,
           dx, windows, inputs);
    return true;
  });
}

}  // namespace

// Inputs dy, the pool's input and its output.
CNN_CUDA_KERNEL(MaxPoolGrad, PoolParams) {
  if (call.inputs[1].dtype != call.inputs[2].dtype) return false;
  return withFloatType(call.inputs[1].dtype, [&](auto x) {
    using X = decltype(x);
    return withFloatType(call.inputs[0].dtype, [&](auto dy) {
      using D = decltype(dy);
      if (areApart(params)) return gradientOfCells<X, D>(call, params);
      const bool few = params.filterHeight * params.filterWidth < 0xff;
      return few ? gradientByPlaces<X, D, uint8_t>(call, params)
                 : gradientByPlaces<X, D, uint16_t>(call, params);
    });
  });
}

}  // namespace cnn
