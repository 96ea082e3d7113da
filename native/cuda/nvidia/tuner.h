// Chooses by measurement, and remembers what was chosen.
#pragma once
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "libraries.h"

namespace cnn::cuda {

// Whether to measure: not where CNN_CUDA_TUNE is 0, which takes the first way that works, so that
// two machines without choices compute the same bits.
bool tunes();

// Runs each candidate a few times on the context's stream and returns the number of the fastest;
// one that throws is out. Throws what the last one threw if all do.
size_t fastestOf(Context& context, const std::vector<std::function<void()>>& candidates);

// What a choice is made of. A Ready is a way to compute, made ready.
template <class Ready>
struct Choosing {
  std::string key;  // what is computed, in words
  // Likeliest first, `most` of each kind.
  std::function<std::vector<Ready>(size_t most)> candidates;
  std::function<void(const Ready&)> run;
  std::function<std::string(const Ready&)> write;
  // None where the text is none of ours, or not for this GPU.
  std::function<std::optional<Ready>(const std::string&)> read;
};

template <class Ready>
Ready choose(Context& context, const Choosing<Ready>& choosing) {
  constexpr size_t kMost = 8;
  Choices& choices = librariesOf(context).choices;
  const std::string key = choosing.key + (context.gpu->deterministic ? "" : " not deterministic");
  if (const auto known = tunes() ? choices.find(key) : std::nullopt) {
    if (auto ready = choosing.read(*known)) return std::move(*ready);
  }
  // What becomes part of a graph does not run now.
  const bool measures = tunes() && !context.gpu->recording;
  std::vector<Ready> candidates = choosing.candidates(measures ? kMost : 1);
  if (candidates.empty()) throw std::runtime_error("cuDNN and cuBLASLt have no way for " + key);
  if (!measures) return std::move(candidates.front());
  std::vector<std::function<void()>> runs;
  for (const Ready& ready : candidates) runs.push_back([&] { choosing.run(ready); });
  Ready& fastest = candidates[fastestOf(context, runs)];
  choices.add(key, choosing.write(fastest));
  return std::move(fastest);
}

}  // namespace cnn::cuda
