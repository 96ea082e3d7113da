// What a stream needs of the device that computes: memory, copies, waiting, a clock.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "described_call.h"
#include "image_batch.h"
#include "kernel.h"

namespace cnn {

// Called exactly once, on any thread; `error` is empty where there is none.
using Done = std::function<void(const std::string& error)>;

// Bytes of blocks.
struct MemoryUse {
  size_t used;
  size_t peak;
};

// How long a candidate takes, and how far its result is from the fixed table's.
struct CandidateTime {
  std::string name;
  double seconds;  // infinity where it was not timed
  double spread;   // how many times as long as the shortest run half of the runs took
  bool agrees;
};

// How long candidates may be run: some seconds, and so many times what the fixed table's takes.
struct TimeLimit {
  double seconds;
  double times;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // What computes, in words.
  virtual std::string describe() const = 0;
  virtual Context& context() = 0;
  // Bytes of memory that the device has; 0 where the system decides.
  virtual size_t capacity() const { return 0; }
  // On any thread; `resetPeak` makes the peak what is used now.
  virtual MemoryUse memory(bool resetPeak) = 0;

  // On the host's thread: takes the values at once. What it returns runs on the stream's thread.
  virtual std::function<Tensor()> upload(DType type, const void* values, int64_t size) = 0;

  // Both on the host's thread too: a batch of images that the device decodes, and what decodes, in
  // words. Throw where it does not.
  virtual std::shared_ptr<ImageBatch> beginBatch(int slots, int size, int channels);
  virtual std::string describeDecoder();

  // All below are called on the stream's thread, this one before them.
  virtual void enter() = 0;
  // Copies a tensor's values, bfloat16 widened to float32, as they are after all kernels so far.
  virtual void download(const Tensor& tensor, void* into, Done done) = 0;
  // Calls `done` when all kernels so far have ended.
  virtual void whenDone(Done done) = 0;
  // What is enqueued until endStep() is one step, whose kernels depend on `signature` alone: a GPU
  // can run them as one once it has seen some. Nothing but kernels may be enqueued in between.
  virtual bool joinsSteps() const { return false; }
  virtual void beginStep(uint64_t) {}
  virtual void endStep() {}
  // Notes when the kernels so far have ended.
  virtual void mark() = 0;
  // The times of all marks since the last call, in seconds of the monotonic clock; waits for them.
  // On the host's thread, while the stream is idle.
  virtual std::vector<double> takeMarks() = 0;
  // Runs the candidates for a call; of a kernel without any its body, which has no name.
  virtual std::vector<CandidateTime> timeCandidates(const DescribedCall& call, const TimeLimit&);
  // Gives memory that no tensor uses back to the system, and forgets what is prepared.
  virtual void trim() = 0;
};

// What is said when std::bad_alloc was thrown.
std::string outOfMemory(Engine& engine);

// Copies `size` values to the host's `into`, bfloat16 widened to float32.
void widenTo(void* into, const void* values, DType type, int64_t size);

}  // namespace cnn
