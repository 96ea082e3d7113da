// One stream of work: the caller enqueues and returns; a single thread gives it to an engine in
// order.
//
// A tensor is named by a slot number that the caller chooses. Memory belongs to a slot only between
// the execution of the call that fills it and of the command that frees it, so that work enqueued
// ahead costs no memory and a free needs no waiting.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine.h"

namespace cnn {

class Communicator;

// The first word of a command says what it is; 0 or more is the number of a kernel:
//   kernel, inputs, outputs, words, slot × inputs (-1: none), (slot, dtype, size) × outputs, words
//   kFree, slot
//   kTask  (runs the next of the host's functions)
//   kBeginStep, kEndStep  (around the kernels of a training step)
constexpr int32_t kFree = -1;
constexpr int32_t kTask = -2;
constexpr int32_t kBeginStep = -3;
constexpr int32_t kEndStep = -4;

class Stream {
 public:
  explicit Stream(std::unique_ptr<Engine> engine);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Copies complete commands to the end of the queue.
  void submit(const int32_t* words, size_t count);
  // Copies `size` values now; the slot holds them when the stream gets there.
  void write(int32_t slot, DType dtype, const void* values, int64_t size);
  // The slot holds what `make` gives, which is called when the stream gets there. Without a slot,
  // which is -1, it is given back at once.
  void hold(int32_t slot, std::function<Tensor()> make);
  // Copies a slot's `size` values of `width` bytes, bfloat16 widened to float32, as soon as the
  // stream gets there.
  void read(int32_t slot, void* into, int64_t size, size_t width, Done done);
  // Calls `done` when everything enqueued so far is done.
  void sync(Done done);
  // Both with the first error of everything enqueued since the last `done`.

  // Memory that no tensor uses goes back to the system; forgets prepared primitives.
  void trim();

  // Runs the candidates for a call after what was enqueued (Engine::timeCandidates) and waits.
  std::vector<CandidateTime> timeCandidates(const DescribedCall& call, const TimeLimit& limit);
  // From now on the call of this key (candidates.h) is computed by the candidate, or, where the
  // name is empty, by the fixed table again.
  void choose(const std::string& key, const std::string& candidate);

  // From now on AllReduceStart sums over these processes.
  void join(Communicator* communicator);

  // Starts to time every kernel call that is enqueued from now on, or ends it.
  void profile(bool on);
  // When a kernel call began and ended, in seconds of the monotonic clock.
  struct Timing {
    int32_t kernel;
    double start;
    double end;
  };
  // The calls timed since the last time, in order; the stream must be idle.
  std::vector<Timing> takeTimings();

  Engine& engine() { return *engine_; }

 private:
  struct Work {
    std::vector<int32_t> words;
    std::vector<std::function<void()>> tasks;
  };

  void loop();
  // Whether the work ends within a step, whose rest is still to come.
  bool endsWithinStep(const Work& work) const;
  // Runs the step that begins at `at`; returns how many words it takes.
  size_t executeStep(const Work& work, size_t at);
  // Runs `task` on the stream's thread, after all that was enqueued before.
  void enqueue(std::function<void()> task);
  // `done` with an earlier error, if there is one, instead of its own.
  Done withEarlierError(Done done);
  void execute(Work& work);
  // Each returns how many words its command takes.
  size_t executeCommand(const int32_t* words);
  size_t executeKernel(const int32_t* words);
  size_t timeKernel(const int32_t* words);
  template <class Append>
  void append(Append change);
  Tensor& slot(int32_t number);
  void remember(const std::string& error);
  std::string takeError();

  std::unique_ptr<Engine> engine_;
  std::vector<Tensor> slots_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Work pending_;
  bool stopping_ = false;
  std::string error_;
  // Stream's thread only: why a tensor is missing that is read later.
  std::string lastError_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
  bool profiling_ = false;
  std::vector<int32_t> timed_;
  std::thread thread_;
};

}  // namespace cnn
