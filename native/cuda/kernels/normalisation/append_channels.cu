// Appends new maps in place to those that the joined maps have so far. Their mean and variance,
// which no later layer changes, are worked out in the same pass, for all normalisations that read
// them (section 3 of Huang et al. 2016 joins maps; there each layer has statistics of all).
#include "coefficients.h"
#include "common/joined_maps.h"
#include "statistics.h"

namespace cnn {
namespace {

template <class X, class J, int WIDTH>
__global__ void __launch_bounds__(kBlock)
    copyChannels(const X* x, CopyTo<J> copy, ChannelGrid grid) {
  const ChannelPlace place = placeIn(grid);
  const int64_t channels = int64_t{grid.packs} * WIDTH, channel = int64_t{place.pack} * WIDTH;
  forRows<kRowsAtOnce>(grid, place, [&](int32_t row, auto count) {
    constexpr int kCount = decltype(count)::value;
    const int64_t first = place.first + row;
    const Rows<WIDTH, kCount, X> values(x + first * channels + channel, grid.lanes * channels);
    copyRows(values, copy, first, grid.lanes, channel);
  });
}

struct FinishAppended {
  float* mean;
  float* variance;

  __device__ void operator()(int64_t channel, double ofMean, double ofVariance) const {
    mean[channel] = static_cast<float>(ofMean);
    variance[channel] = static_cast<float>(ofVariance);
  }
};

template <class X, class J>
void append(const Call& call, const AppendChannelsParams& p, const Tensor* joined) {
  const X* x = valuesOf<X>(call.inputs[0]);
  const CopyTo<J> copy{valuesOf<J>(joined[0]), p.stride, p.offset};
  if (p.statistics != 0) {
    const FinishAppended finish{valuesOf<float>(joined[1]) + p.offset,
                                valuesOf<float>(joined[2]) + p.offset};
    computeStatistics(call, x, p.rows, p.channels, copy, finish);
    return;
  }
  withWidth<cuda::kPack<X>>({p.channels, p.stride, p.offset}, [&](auto width) {
    const ChannelGrid grid(call, p.rows, p.channels, width);
    LAUNCH((copyChannels<X, J, decltype(width)::value>), grid.blocks(), kBlock, streamOf(call), x,
           copy, grid);
  });
}

}  // namespace

CNN_CUDA_KERNEL(AppendChannels, AppendChannelsParams) {
  return appendToJoined(call, [&](auto from, auto to, const Tensor* joined) {
    append<decltype(from), decltype(to)>(call, params, joined);
  });
}

}  // namespace cnn
