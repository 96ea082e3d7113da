#include "common/triangle_filter.h"

#include <algorithm>
#include <cmath>

namespace cnn {

// The same operations on doubles in the same order as triangleFilter in src/augment/resample.ts.
void Filter::build(double start, double length, int to, int available, bool clipped) {
  const double offset = clipped ? start : 0;
  const int from = clipped ? static_cast<int>(length) : available;
  const double scale = length / to;
  const double support = std::max(scale, 1.0);
  const int most = static_cast<int>(std::ceil(support)) * 2 + 1;
  positions.resize(to);
  weights.resize(static_cast<size_t>(to) * most);
  shares_.resize(most);
  taps = 0;
  for (int at = 0; at < to; at++) {
    const double centre = start - offset + (at + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(centre - support + 0.5));
    const int end = std::min(from, static_cast<int>(centre + support + 0.5));
    double sum = 0;
    for (int i = begin; i < end; i++) {
      shares_[i - begin] = std::max(0.0, 1 - std::abs((i + 0.5 - centre) / support));
      sum += shares_[i - begin];
    }
    int32_t* out = weights.data() + static_cast<size_t>(at) * most;
    for (int i = begin; i < end; i++) {
      out[i - begin] = static_cast<int32_t>(0.5 + shares_[i - begin] / sum * (1 << kWeightBits));
    }
    // Weights of 0 at the ends are dropped, because a larger part of the image would be decoded for
    // them.
    int count = end - begin;
    int skipped = 0;
    while (count > 1 && out[count - 1] == 0) count--;
    while (skipped < count - 1 && out[skipped] == 0) skipped++;
    std::copy(out + skipped, out + count, out);
    positions[at] = {static_cast<int32_t>(offset) + begin + skipped, count - skipped};
    taps = std::max(taps, count - skipped);
  }
  stride = most;
}

}  // namespace cnn
