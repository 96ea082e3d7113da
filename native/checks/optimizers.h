// Checks of kernels on all weights of a network.
#pragma once
#include "kernel.h"

namespace cnn {

void checkSgd(const Call& call);
void checkRmsProp(const Call& call);
void checkAdam(const Call& call);
void checkLars(const Call& call);
void checkGradientClip(const Call& call);
void checkAccumulate(const Call& call);

}  // namespace cnn
