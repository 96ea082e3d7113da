// Splits loops over the OpenMP threads of the compute thread.
#pragma once
#include <omp.h>

#include <cstdint>

namespace cnn {
namespace {

// Calls body(begin, end) on each thread's contiguous share of 0 … count-1. Shares are a function of
// count and the number of threads alone; under `grain` items one thread does it all.
template <class Body>
inline void parallelFor(int64_t count, int64_t grain, const Body& body) {
  int threads = omp_get_max_threads();
  if (threads == 1 || count <= grain) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    int64_t index = omp_get_thread_num();
    int64_t total = omp_get_num_threads();
    int64_t begin = count * index / total;
    int64_t end = count * (index + 1) / total;
    if (begin < end) body(begin, end);
  }
}

}  // namespace
}  // namespace cnn
