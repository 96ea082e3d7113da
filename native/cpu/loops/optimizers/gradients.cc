// What is done with all gradients before an optimizer takes them.
#include <cmath>

#include "squares.h"
#include "weights.h"

namespace cnn {

// The factor of gradients that makes their common norm `maxNorm` at most, as PyTorch's
// clip_grad_norm_ finds it: gradientScale * min(1, maxNorm / (norm + 1e-6)).
CNN_KERNEL(GradientClip, ClipParams) {
  const int count = static_cast<int>(call.inputs.size());
  int64_t total = 0;
  for (const Tensor& gradient : call.inputs) total += gradient.size;
  const int parts = partsOfElements(total);
  PartScratch<double> sums(call.context, parts, 1);
  for (int part = 0; part < parts; part++) *sums.of(part) = 0;
  const auto sizeOf = [&](int i) { return call.inputs[i].size; };
  eachRange(parts, count, total, sizeOf, [&](int part, int i, int64_t begin, int64_t end) {
    withGradient(call.inputs[i], begin, [&](const auto* g) {
      *sums.of(part) += sumOfSquares(end - begin, [&](int64_t k) { return toFloat(g[k]); });
    });
  });
  double sum = 0;
  for (int part = 0; part < parts; part++) sum += *sums.of(part);
  const double norm = std::sqrt(sum) * static_cast<double>(params.gradientScale);
  const double share = static_cast<double>(params.maxNorm) / (norm + 1e-6);
  // In this order a NaN stays.
  *valuesOf<float>(call.outputs[0]) =
      params.gradientScale * static_cast<float>(share >= 1 ? 1.0 : share);
  return true;
}

// Inputs to0, from0, to1, …
CNN_KERNEL(Accumulate, AccumulateParams) {
  const int count = static_cast<int>(call.inputs.size() / 2);
  int64_t total = 0;
  for (int i = 0; i < count; i++) total += call.inputs[2 * i].size;
  const auto sizeOf = [&](int i) { return call.inputs[2 * i].size; };
  const auto body = [&](int, int i, int64_t begin, int64_t end) {
    float* __restrict to = valuesOf<float>(call.inputs[2 * i]) + begin;
    withGradient(call.inputs[2 * i + 1], begin, [&](const auto* __restrict from) {
      if (params.keep == 0) {
        for (int64_t k = 0; k < end - begin; k++) to[k] = params.share * toFloat(from[k]);
      } else {
        for (int64_t k = 0; k < end - begin; k++) {
          to[k] = params.keep * to[k] + params.share * toFloat(from[k]);
        }
      }
    });
  };
  eachRange(partsOfElements(total), count, total, sizeOf, body);
  for (int i = 0; i < count; i++) call.inputs[2 * i].storage->version++;
  return true;
}

}  // namespace cnn
