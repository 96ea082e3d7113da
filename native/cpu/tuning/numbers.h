// Random numbers for candidates, and how their results are compared.
#pragma once
#include "tensor.h"

namespace cnn {

// Numbers from -1 to 1, the same for the same seed; of integers only zeros.
void fillRandomly(const Tensor& tensor, uint32_t seed);

// Whether a result is what rounding in other places makes of the wanted one. `storage`: the type of
// the factors, to which a candidate may round.
bool agree(const Tensor& result, const Tensor& wanted, DType storage);

}  // namespace cnn
