// Checks of kernels that move windows over images, and of products.
#pragma once
#include "kernel.h"

namespace cnn {

void checkConvolution(const Call& call);
void checkInputGradient(const Call& call);
void checkFilterGradient(const Call& call);
void checkPool(const Call& call);
void checkPoolGradient(const Call& call);
void checkMatMul(const Call& call);
void checkWindowMeans(const Call& call);

}  // namespace cnn
