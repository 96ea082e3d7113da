// Optimizers whose steps depend on norms of whole weights.
#pragma once
#include "squares.h"
#include "weights.h"

namespace cnn {
namespace {

// Calls sum(weight, begin, end, squares), which adds two sums of squares of a range of a weight,
// for all ranges, then change(weight, begin, end, ofFirst, ofSecond) with the sums of the whole
// weight.
template <class Weights, class Sum, class Change>
void byNorms(const Weights& weights, const Sum& sum, const Change& change) {
  const int parts = partsOfElements(weights.total), count = 2 * weights.count;
  PartScratch<double> squares(weights.call.context, parts, count);
  for (int part = 0; part < parts; part++) {
    for (int i = 0; i < count; i++) squares.of(part)[i] = 0;
  }
  weights.each(parts, [&](int part, int weight, int64_t begin, int64_t end) {
    sum(weight, begin, end, squares.of(part) + 2 * weight);
  });
  double* sums = squares.of(0);
  for (int i = 0; i < count; i++) {
    for (int part = 1; part < parts; part++) sums[i] += squares.of(part)[i];
  }
  weights.each(parts, [&](int, int weight, int64_t begin, int64_t end) {
    change(weight, begin, end, sums[2 * weight], sums[2 * weight + 1]);
  });
  weights.changed();
}

}  // namespace
}  // namespace cnn
