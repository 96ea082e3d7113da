// Reductions over the middle of (outer, reduce, inner), in float32 whatever the input's storage.
//
// Sums run in float over short blocks and in double over the blocks, so that their error does not
// grow with the number of terms.
#include "common/reductions.h"
#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kTile = 256;  // columns that are reduced at once
constexpr int64_t kBlock = 32;  // rows (or vectors of lanes) that are summed in float
constexpr int64_t kLanes = 32;
constexpr int64_t kGrain = 1 << 15;

template <class Functor>
void combineInto(double* __restrict totals, const float* __restrict block, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    totals[i] = Functor::combine(totals[i], static_cast<double>(block[i]));
  }
}

template <class Functor>
void clear(double* totals, int64_t count) {
  for (int64_t i = 0; i < count; i++) totals[i] = Functor::kIdentity;
}

// Adjacent values to one total.
template <class Functor, class T>
double reduceVector(const T* __restrict x, int64_t count) {
  double lanes[kLanes];
  clear<Functor>(lanes, kLanes);
  int64_t i = 0;
  while (i + kLanes <= count) {
    float block[kLanes];
    for (int64_t l = 0; l < kLanes; l++) block[l] = Functor::kIdentity;
    for (int64_t n = 0; n < kBlock && i + kLanes <= count; n++, i += kLanes) {
      for (int64_t l = 0; l < kLanes; l++) block[l] = Functor::combine(block[l], toFloat(x[i + l]));
    }
    combineInto<Functor>(lanes, block, kLanes);
  }
  double total = Functor::kIdentity;
  if (i > 0) {
    for (int64_t half = kLanes / 2; half > 0; half /= 2) {
      for (int64_t l = 0; l < half; l++) lanes[l] = Functor::combine(lanes[l], lanes[l + half]);
    }
    total = lanes[0];
  }
  for (; i < count; i++) total = Functor::combine(total, static_cast<double>(toFloat(x[i])));
  return total;
}

// `rows` rows, `stride` apart, of up to kTile columns, to one total per column.
template <class Functor, class T>
void reduceColumns(const T* __restrict x, int64_t rows, int64_t stride, int64_t columns,
                   double* __restrict totals) {
  float block[kTile];
  clear<Functor>(totals, columns);
  for (int64_t first = 0; first < rows; first += kBlock) {
    int64_t end = first + kBlock < rows ? first + kBlock : rows;
    for (int64_t c = 0; c < columns; c++) block[c] = Functor::kIdentity;
    for (int64_t r = first; r < end; r++) {
      const T* row = x + r * stride;
      for (int64_t c = 0; c < columns; c++) block[c] = Functor::combine(block[c], toFloat(row[c]));
    }
    combineInto<Functor>(totals, block, columns);
  }
}

template <class Functor, class T>
struct Reduction {
  const T* x;
  float* y;
  const ReduceParams& p;
  int64_t tiles = (int64_t{p.inner} + kTile - 1) / kTile;
  int64_t tasks = p.outer * tiles;  // a task reduces one tile of columns

  int64_t columnsOf(int64_t task) const {
    int64_t rest = p.inner - task % tiles * kTile;
    return rest < kTile ? rest : kTile;
  }

  // Rows [begin, end) of a task's tile to its totals.
  void reduce(int64_t task, int64_t begin, int64_t end, double* totals) const {
    int64_t first = task / tiles * p.reduce + begin;
    const T* from = x + first * p.inner + task % tiles * kTile;
    if (p.inner == 1) {
      totals[0] = reduceVector<Functor>(from, end - begin);
    } else {
      reduceColumns<Functor>(from, end - begin, p.inner, columnsOf(task), totals);
    }
  }

  void write(int64_t task, const double* totals) const {
    float* to = y + task / tiles * p.inner + task % tiles * kTile;
    for (int64_t c = 0; c < columnsOf(task); c++) to[c] = static_cast<float>(totals[c] / p.divisor);
  }

  void run(Context& context) const {
    int64_t taskWork = int64_t{p.reduce} * (p.inner < kTile ? p.inner : kTile);
    int parts = partsFor(tasks * taskWork, kGrain);
    if (tasks >= parts) {
      parallelParts(parts, tasks, [&](int, int64_t begin, int64_t end) {
        double totals[kTile];
        for (int64_t task = begin; task < end; task++) {
          reduce(task, 0, p.reduce, totals);
          write(task, totals);
        }
      });
      return;
    }
    // Fewer tiles than threads: every thread reduces its share of the rows of all tiles.
    PartScratch<double> partial(context, parts, tasks * kTile);
    parallelParts(parts, p.reduce, [&](int part, int64_t begin, int64_t end) {
      for (int64_t task = 0; task < tasks; task++) {
        reduce(task, begin, end, partial.of(part) + task * kTile);
      }
    });
    for (int64_t task = 0; task < tasks; task++) {
      double* totals = partial.of(0) + task * kTile;
      for (int part = 1; part < parts; part++) {
        const double* more = partial.of(part) + task * kTile;
        for (int64_t c = 0; c < columnsOf(task); c++) {
          totals[c] = Functor::combine(totals[c], more[c]);
        }
      }
      write(task, totals);
    }
  }
};

template <class Functor>
bool reduce(const Call& call, const ReduceParams& p) {
  return withFloatType(call.inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    Reduction<Functor, T>{valuesOf<T>(call.inputs[0]), valuesOf<float>(call.outputs[0]), p}.run(
        call.context);
    return true;
  });
}

// The first of equal values, or the first NaN.
template <class T>
int32_t indexOfMaximum(const T* x, int64_t count, int64_t stride) {
  float maximum = toFloat(x[0]);
  int32_t index = 0;
  for (int64_t i = 1; i < count; i++) {
    float value = toFloat(x[i * stride]);
    if (value > maximum || (value != value && maximum == maximum)) {
      maximum = value;
      index = static_cast<int32_t>(i);
    }
  }
  return index;
}

}  // namespace

CNN_KERNEL(Sum, ReduceParams) { return reduce<SumOf>(call, params); }
CNN_KERNEL(Prod, ReduceParams) { return reduce<ProductOf>(call, params); }
CNN_KERNEL(Max, ReduceParams) { return reduce<MaximumOf>(call, params); }
CNN_KERNEL(Min, ReduceParams) { return reduce<MinimumOf>(call, params); }

CNN_KERNEL(ArgMax, ReduceParams) {
  return withFloatType(call.inputs[0].dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = valuesOf<T>(call.inputs[0]);
    int32_t* y = valuesOf<int32_t>(call.outputs[0]);
    int64_t grain = kGrain / params.reduce + 1;
    parallelFor(int64_t{params.outer} * params.inner, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        int64_t first = i / params.inner * params.reduce * params.inner + i % params.inner;
        y[i] = indexOfMaximum(x + first, params.reduce, params.inner);
      }
    });
    return true;
  });
}

}  // namespace cnn
