// Checks of kernels on rows of channels.
#pragma once
#include "kernel.h"

namespace cnn {

void checkBiasActivationGrad(const Call& call);
void checkBatchNormTrain(const Call& call);
void checkBatchNormInference(const Call& call);
void checkBatchNormGrad(const Call& call);
void checkBatchNormSlice(const Call& call);
void checkBatchNormSliceGrad(const Call& call);
void checkAppendChannels(const Call& call);

}  // namespace cnn
