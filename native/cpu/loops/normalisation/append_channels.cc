// Appends new maps in place to those that the joined maps have so far. Their mean and
// variance, which no later layer changes, are worked out once, for all normalisations
// that read them (section 3 of Huang et al. 2016 joins maps; there each layer has statistics of
// all).
#include "column_statistics.h"
#include "common/joined_maps.h"

namespace cnn {
namespace {

template <class X, class J>
void copyRows(const X* x, J* joined, const AppendChannelsParams& p, Range rows) {
  for (int64_t row = rows.begin; row < rows.end; row++) {
    const X* __restrict from = x + row * p.channels;
    J* __restrict to = joined + row * p.stride + p.offset;
    if constexpr (std::is_same<X, J>::value) {
      for (int64_t c = 0; c < p.channels; c++) to[c] = from[c];
    } else {
      for (int64_t c = 0; c < p.channels; c++) to[c] = fromFloat<J>(toFloat(from[c]));
    }
  }
}

void storeStatistics(const AppendChannelsParams& p, Range channels, const Columns& scratch,
                     float* mean, float* variance) {
  for (int64_t c = channels.begin; c < channels.end; c++) {
    mean[p.offset + c] = static_cast<float>(scratch.total(0, 0)[c]);
    variance[p.offset + c] = static_cast<float>(scratch.total(0, 1)[c]);
  }
}

template <class X, class J>
void append(const Call& call, const AppendChannelsParams& p, const Tensor* joined) {
  const X* x = valuesOf<X>(call.inputs[0]);
  const Grid grid(p.rows, p.channels);
  const Columns scratch(call, grid);
  const auto copyPart = [&](int part) {
    copyRows(x, valuesOf<J>(joined[0]), p, partOf(p.rows, part, grid.parts));
  };
  if (p.statistics == 0) {
    parallelPhases(grid.parts, copyPart);
    return;
  }
  parallelPhases(
      grid.parts, [&](int part) { accumulateStatistics(x, grid, part, scratch); },
      [&](int part) {
        const Range channels = grid.channelsOf(part);
        mergeStatistics(grid, channels, scratch, p.rows);
        storeStatistics(p, channels, scratch, valuesOf<float>(joined[1]),
                        valuesOf<float>(joined[2]));
      },
      copyPart);
}

}  // namespace

CNN_KERNEL(AppendChannels, AppendChannelsParams) {
  return appendToJoined(call, [&](auto from, auto to, const Tensor* joined) {
    append<decltype(from), decltype(to)>(call, params, joined);
  });
}

}  // namespace cnn
