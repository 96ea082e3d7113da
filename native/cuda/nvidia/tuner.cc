#include "tuner.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <limits>
#include <memory>
#include <string>

namespace cnn::cuda {
namespace {

constexpr int kRuns = 4;

using Event = std::unique_ptr<void, void (*)(EventHandle)>;

Event newEvent() { return Event(createEvent(), destroyEvent); }

// The shortest of some runs after one that warms up.
float millisecondsOf(StreamHandle stream, const std::function<void()>& candidate) {
  const Event start = newEvent(), end = newEvent();
  float shortest = std::numeric_limits<float>::infinity();
  for (int run = 0; run <= kRuns; run++) {
    recordEvent(start.get(), stream);
    candidate();
    recordEvent(end.get(), stream);
    synchronize(end.get());
    const float milliseconds = millisecondsBetween(start.get(), end.get());
    if (run > 0) shortest = std::min(shortest, milliseconds);
  }
  return shortest;
}

}  // namespace

bool tunes() {
  const char* value = std::getenv("CNN_CUDA_TUNE");
  return value == nullptr || std::string(value) != "0";
}

size_t fastestOf(Context& context, const std::vector<std::function<void()>>& candidates) {
  size_t fastest = candidates.size();
  float shortest = std::numeric_limits<float>::infinity();
  std::exception_ptr failure;
  for (size_t i = 0; i < candidates.size(); i++) {
    try {
      const float milliseconds = millisecondsOf(context.gpu->stream, candidates[i]);
      if (milliseconds < shortest) shortest = milliseconds, fastest = i;
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
  }
  // The largest workspace of all was for this once.
  context.scratch.reset();
  if (fastest < candidates.size()) return fastest;
  std::rethrow_exception(failure);
}

}  // namespace cnn::cuda
