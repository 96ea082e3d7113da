// Reductions over the middle of (outer, reduce, inner), in float32 whatever the input's storage.
//
// Each thread combines runs of a few values in float and the runs in double, so that the error of a
// sum does not grow with the number of terms. Which values meet depends on the shape alone.
#include "common/reductions.h"
#include "cuda/kernels.h"
#include "divisor.h"

namespace cnn {
namespace {

constexpr int kRun = 32;        // rows that are combined in float
constexpr int kInFlight = 4;    // of them that are loaded at once
constexpr int kShort = 32;      // rows that are left to one thread
constexpr int kBlocks = 1024;   // wanted, where there is that much to do
constexpr int kLeastRows = 32;  // of each thread, before more blocks share them

// How blocks share the work: each has a tile of columns, in packs, and a part of the rows.
struct Shares {
  Shares(const ReduceParams& p, int64_t packs, int64_t rows)
      : rows(rows), packs(packs), tiles((packs + kBlock - 1) / kBlock), outer(p.outer) {
    lanes = static_cast<int>((packs + tiles - 1) / tiles);
    lines = kBlock / lanes;
    const int64_t wanted = (kBlocks + outer * tiles - 1) / (outer * tiles);
    const int64_t most = (rows + int64_t{lines} * kLeastRows - 1) / (int64_t{lines} * kLeastRows);
    parts = wanted < most ? wanted : most;
  }
  int64_t blocks() const { return outer * tiles * parts; }

  int64_t rows, packs, tiles, outer, parts;
  int lanes;  // packs of a tile
  int lines;  // rows that a block reads at once
};

// What a block does.
struct Share {
  __device__ Share(const Shares& shares, int64_t block) {
    part = block % shares.parts;
    block /= shares.parts;
    outer = block / shares.tiles;
    line = static_cast<int>(threadIdx.x) / shares.lanes;
    lane = static_cast<int>(threadIdx.x) % shares.lanes;
    pack = block % shares.tiles * shares.lanes + lane;
    begin = shares.rows * part / shares.parts + line;
    end = shares.rows * (part + 1) / shares.parts;
    if (pack >= shares.packs || line >= shares.lines) begin = end;
  }
  int64_t outer, part, pack;
  int64_t begin, end;  // of the thread's rows, which are `lines` apart
  int line, lane;
};

// The thread's rows, `stride` apart, to a total for each value of a pack.
template <class Functor, int COUNT, class T>
__device__ void reduceRows(const T* from, int64_t rows, int64_t stride, double (&totals)[COUNT]) {
  while (rows > 0) {
    float run[COUNT];
    for (int i = 0; i < COUNT; i++) run[i] = Functor::kIdentity;
    int64_t left = rows < kRun ? rows : kRun;
    rows -= left;
    for (; left >= kInFlight; left -= kInFlight, from += kInFlight * stride) {
      cuda::Pack<T, COUNT> packs[kInFlight];
#pragma unroll
      for (int n = 0; n < kInFlight; n++) packs[n] = cuda::load<T, COUNT>(from + n * stride);
#pragma unroll
      for (int n = 0; n < kInFlight; n++) {
        for (int i = 0; i < COUNT; i++) {
          run[i] = Functor::combine(run[i], toFloat(packs[n].values[i]));
        }
      }
    }
    for (; left > 0; left--, from += stride) {
      const auto pack = cuda::load<T, COUNT>(from);
      for (int i = 0; i < COUNT; i++) run[i] = Functor::combine(run[i], toFloat(pack.values[i]));
    }
    for (int i = 0; i < COUNT; i++) {
      totals[i] = Functor::combine(totals[i], static_cast<double>(run[i]));
    }
  }
}

// The totals of all lines of a block, for those of line 0. `shared` holds COUNT * kBlock.
template <class Functor, int COUNT>
__device__ void combineLines(double (&totals)[COUNT], const Shares& shares, const Share& share,
                             double* shared) {
  for (int i = 0; i < COUNT; i++) shared[i * kBlock + threadIdx.x] = totals[i];
  __syncthreads();
  for (int lines = shares.lines; lines > 1;) {
    const int half = (lines + 1) / 2;
    if (share.line + half < lines) {
      for (int i = 0; i < COUNT; i++) {
        double& mine = shared[i * kBlock + threadIdx.x];
        mine = Functor::combine(mine, shared[i * kBlock + threadIdx.x + half * shares.lanes]);
      }
    }
    lines = half;
    __syncthreads();
  }
  for (int i = 0; i < COUNT; i++) totals[i] = shared[i * kBlock + threadIdx.x];
}

// With FOLD packs are along the rows, and `rest` values after the last one stand alone. That one
// block of a multiprocessor is enough keeps the compiler from spilling registers to make room for
// more.
template <class Functor, class T, int COUNT, bool FOLD>
__global__ void __launch_bounds__(kBlock, 1)
    reduceParts(const T* x, float* y, double* partial, ReduceParams p, Shares shares, int rest) {
  constexpr int kTotals = FOLD ? 1 : COUNT;
  SHARED(double, shared, kTotals* kBlock);
  const Share share(shares, blockIdx.x);
  double each[COUNT], totals[kTotals];
  for (int i = 0; i < COUNT; i++) each[i] = Functor::kIdentity;
  const int64_t stride = COUNT * shares.packs;
  const T* from = x + share.outer * p.reduce * p.inner + share.begin * stride + COUNT * share.pack;
  const int64_t rows = (share.end - share.begin + shares.lines - 1) / shares.lines;
  reduceRows<Functor, COUNT>(from, rows, shares.lines * stride, each);
  if constexpr (FOLD) {
    for (int i = 1; i < COUNT; i++) each[0] = Functor::combine(each[0], each[i]);
    if (share.part == shares.parts - 1 && static_cast<int>(threadIdx.x) < rest) {
      each[0] = Functor::combine(
          each[0], static_cast<double>(toFloat(x[shares.rows * COUNT + threadIdx.x])));
    }
  }
  for (int i = 0; i < kTotals; i++) totals[i] = each[i];
  combineLines<Functor>(totals, shares, share, shared);
  if (share.line != 0 || share.pack >= shares.packs) return;
  for (int i = 0; i < kTotals; i++) {
    const int64_t output = share.outer * p.inner + kTotals * share.pack + i;
    if (shares.parts == 1) {
      y[output] = static_cast<float>(totals[i] / p.divisor);
    } else {
      partial[output * shares.parts + share.part] = totals[i];
    }
  }
}

// A warp combines the parts of a result.
template <class Functor>
__global__ void __launch_bounds__(kBlock)
    combineParts(const double* partial, float* y, int64_t results, int64_t parts, int divisor) {
  const int64_t result = firstIndex() / cuda::kWarp;
  const int lane = threadIdx.x % cuda::kWarp;
  if (result >= results) return;
  double total = Functor::kIdentity;
  for (int64_t i = lane; i < parts; i += cuda::kWarp) {
    total = Functor::combine(total, partial[result * parts + i]);
  }
  for (int distance = cuda::kWarp / 2; distance > 0; distance /= 2) {
    total = Functor::combine(total, __shfl_xor_sync(cuda::kAllLanes, total, distance));
  }
  if (lane == 0) y[result] = static_cast<float>(total / divisor);
}

template <class Functor, class T, int COUNT, bool FOLD>
void reduceLong(const Call& call, const ReduceParams& p) {
  const int64_t packs = FOLD ? 1 : p.inner / COUNT;
  const Shares shares(p, packs, FOLD ? p.reduce / COUNT : p.reduce);
  const int64_t results = int64_t{p.outer} * p.inner;
  float* y = valuesOf<float>(call.outputs[0]);
  double* partial = nullptr;
  if (shares.parts > 1) {
    const size_t bytes = sizeof(double) * static_cast<size_t>(results * shares.parts);
    partial = static_cast<double*>(call.context.scratchMemory(bytes));
  }
  LAUNCH((reduceParts<Functor, T, COUNT, FOLD>), static_cast<unsigned>(shares.blocks()), kBlock,
         streamOf(call), valuesOf<T>(call.inputs[0]), y, partial, p, shares,
         FOLD ? p.reduce % COUNT : 0);
  if (shares.parts == 1) return;
  const int64_t perBlock = kBlock / cuda::kWarp;
  LAUNCH(combineParts<Functor>, static_cast<unsigned>((results + perBlock - 1) / perBlock), kBlock,
         streamOf(call), partial, y, results, shares.parts, p.divisor);
}

// Where a result's values begin.
struct Results {
  Results(const ReduceParams& p)
      : count(int64_t{p.outer} * p.inner), reduce(p.reduce), inner(p.inner) {}
  __device__ int64_t first(int64_t result) const {
    // One row of results needs no division.
    const int64_t outer = count == inner ? 0 : result / inner;
    return outer * reduce * inner + (result - outer * inner);
  }
  int64_t count, reduce, inner;
};

template <class Functor, class T>
__global__ void __launch_bounds__(kBlock)
    reduceShort(const T* x, float* y, Results results, int divisor) {
  for (int64_t i = firstIndex(); i < results.count; i += indexStride()) {
    const T* from = x + results.first(i);
    double total[1] = {Functor::kIdentity};
    reduceRows<Functor, 1>(from, results.reduce, results.inner, total);
    y[i] = static_cast<float>(total[0] / divisor);
  }
}

template <class Functor>
bool reduce(const Call& call, const ReduceParams& p) {
  return withFloatType(call.inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    constexpr int kCount = cuda::kPack<T>;
    if (p.reduce <= kShort) {
      const Results results(p);
      LAUNCH((reduceShort<Functor, T>), blocksFor(call, results.count), kBlock, streamOf(call),
             valuesOf<T>(call.inputs[0]), valuesOf<float>(call.outputs[0]), results, p.divisor);
    } else if (p.inner == 1 && (p.outer == 1 || p.reduce % kCount == 0)) {
      reduceLong<Functor, T, kCount, true>(call, p);
    } else if (p.inner % kCount == 0) {
      reduceLong<Functor, T, kCount, false>(call, p);
    } else {
      reduceLong<Functor, T, 1, false>(call, p);
    }
    return true;
  });
}

// The largest value so far, and its place.
struct Largest {
  float value;
  int32_t index;
};

// The first of equal values, or the first NaN.
__device__ Largest largerOf(const Largest& a, const Largest& b) {
  const bool nanA = a.value != a.value, nanB = b.value != b.value;
  if (nanA != nanB) return nanA ? a : b;
  if (!nanA && a.value != b.value) return a.value > b.value ? a : b;
  return a.index < b.index ? a : b;
}

// One thread looks through a result's values.
template <class T>
__global__ void __launch_bounds__(kBlock) findLargest(const T* x, int32_t* y, Results results) {
  for (int64_t i = firstIndex(); i < results.count; i += indexStride()) {
    const T* from = x + results.first(i);
    Largest largest{toFloat(*from), 0};
    for (int32_t r = 1; r < results.reduce; r++) {
      largest = largerOf(largest, {toFloat(from[r * results.inner]), r});
    }
    y[i] = largest.index;
  }
}

// A warp looks through a row.
template <class T>
__global__ void __launch_bounds__(kBlock)
    findLargestOfRow(const T* x, int32_t* y, int64_t rows, int32_t columns) {
  const int lane = threadIdx.x % cuda::kWarp;
  for (int64_t row = firstIndex() / cuda::kWarp; row < rows; row += indexStride() / cuda::kWarp) {
    const T* from = x + row * columns;
    Largest largest{toFloat(from[lane]), lane};
    for (int32_t c = lane + cuda::kWarp; c < columns; c += cuda::kWarp) {
      largest = largerOf(largest, {toFloat(from[c]), c});
    }
    for (int distance = cuda::kWarp / 2; distance > 0; distance /= 2) {
      const float value = __shfl_xor_sync(cuda::kAllLanes, largest.value, distance);
      const int32_t index = __shfl_xor_sync(cuda::kAllLanes, largest.index, distance);
      largest = largerOf(largest, {value, index});
    }
    if (lane == 0) y[row] = largest.index;
  }
}

}  // namespace

CNN_CUDA_KERNEL(Sum, ReduceParams) { return reduce<SumOf>(call, params); }
CNN_CUDA_KERNEL(Prod, ReduceParams) { return reduce<ProductOf>(call, params); }
CNN_CUDA_KERNEL(Max, ReduceParams) { return reduce<MaximumOf>(call, params); }
CNN_CUDA_KERNEL(Min, ReduceParams) { return reduce<MinimumOf>(call, params); }

CNN_CUDA_KERNEL(ArgMax, ReduceParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = valuesOf<T>(call.inputs[0]);
    int32_t* y = valuesOf<int32_t>(call.outputs[0]);
    if (params.inner == 1 && params.reduce >= cuda::kWarp) {
      LAUNCH(findLargestOfRow<T>, blocksFor(call, int64_t{params.outer} * cuda::kWarp), kBlock,
             streamOf(call), x, y, int64_t{params.outer}, params.reduce);
    } else {
      const Results results(params);
      LAUNCH(findLargest<T>, blocksFor(call, results.count), kBlock, streamOf(call), x, y, results);
    }
    return true;
  });
}

}  // namespace cnn
