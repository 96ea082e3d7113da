// The engines of cuDNN that can compute a graph, likeliest first.
#pragma once
#include "descriptor.h"
#include "target.h"

namespace cnn::cuda {

// What an engine may do to the numbers.
struct EngineRules {
  bool deterministic = true;  // the same bits in every run
  bool float32 = true;        // the factors are Float32 …
  bool tf32 = false;          // … and may be rounded to TF32
  bool keepsNaN = false;      // the graph has a ReLU, and NaN must pass it
};

struct Engine {
  Descriptor config;
  int64_t index;
  std::string identity;  // the index and its knobs
  bool compiledAtRunTime;
};

std::vector<Engine> findEngines(const Descriptor& graph, const Target& target, EngineRules rules);

}  // namespace cnn::cuda
