// Parameters of the kernels that several processes share a batch in, as in params.h.
#pragma once
#include "params.h"

namespace cnn {

// Elements whose random word is at least `threshold`, an unsigned number, are kept and scaled. The
// first element is number `first` of those that all processes have.
struct PlacedDropoutParams {
  CNN_INTS(seed, step, layer, threshold, first);
  CNN_FLOATS(scale);
};

// Puts the values of all inputs one after the other and begins to sum them over all processes; as
// bfloat16 on the way if `narrow`. `step` is for errors.
struct AllReduceStartParams {
  CNN_INTS(step, narrow);
};

// Waits for the sums, which are divided among the outputs: with a second input, the four counters
// of a loss, times `images` / the labels that count.
struct AllReduceWaitParams {
  CNN_INTS(images);
};

}  // namespace cnn
