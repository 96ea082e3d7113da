// The part of a context that belongs to a GPU.
#pragma once
#include <memory>

#include "kernel.h"
#include "runtime.h"

namespace cnn {

// What only a kernel can find wrong: it sets the fault's word, and the host's next answer is the
// sentence.
enum class Fault : int { SoftmaxLabelTooLarge, SigmoidLabelTooLarge, MixedRowTooLarge };
constexpr const char* kFaults[] = {
    "SoftmaxCrossEntropy: a label is not below the class count",
    "SigmoidCrossEntropy: a label is not below the class count",
    "MixImages: an image is mixed with one that is not in the batch"};

struct Gpu {
  cuda::DeviceInfo info;
  int device = 0;
  cuda::StreamHandle stream = nullptr;  // on which every kernel runs
  bool tf32 = false;                    // products of float32 may be rounded to TF32
  bool deterministic = true;            // the same inputs give the same bits
  bool recording = false;               // kernels are not run but become part of a graph
  int32_t* faults = nullptr;            // a word each, in pinned memory
  std::shared_ptr<void> libraries;      // opened when a convolution or product needs them
};

}  // namespace cnn
