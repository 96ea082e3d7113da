// The streams of the emulated GPU, and the faults that a test asks of it.
#pragma once
#include <functional>
#include <string>

#include "cuda/runtime.h"

namespace cnn::cuda::emulated {

// Runs `work` on the stream's thread after all before it. What it throws loses the device.
void enqueue(StreamHandle stream, const char* what, std::function<void()> work);

// What CNN_EMULATED_GPU says of `word`; empty where it says nothing.
std::string asked(const std::string& word);

// CNN_EMULATED_ORDER, 0 if it is not set.
unsigned orderOfThreads();

}  // namespace cnn::cuda::emulated
