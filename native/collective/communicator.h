// Processes that train together: a thread of its own carries bytes by a transport and sums what
// came in the order of ranks, so that the same numbers give the same bits on every rank, whatever
// carries them and however they are cut into buckets.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "collective.h"
#include "kernel.h"
#include "tensor.h"

namespace cnn {

// Work that several ranks do together, in stages: each stage ends when all its messages are done.
class Exchange;

// The exchanges of a channel run in the order in which they were asked for, which must be the same
// on every rank; those of another channel do not wait for them.
enum class Channel { Step, Host, End };
constexpr int kChannels = 3;

class Communicator {
 public:
  using Open = std::function<const char*(void** self, TransportWorld* world)>;
  // Called once, on the communicator's thread; `error` is empty where there is none.
  using Finished = std::function<void(const std::string& error, std::vector<char> bytes)>;

  // Opens the transport on the communicator's thread; throws why it does not open. Never freed: its
  // thread may wait for other processes when this one ends.
  static Communicator* open(const Transport& transport, Open open, double seconds);

  const TransportWorld& world() const { return world_; }
  // What ranks are called in errors, "rank 1 (host)", by their numbers.
  void name(std::vector<std::string> names);

  // Gathers the bytes of all ranks, as many from each, in the order of ranks.
  void gather(std::vector<char> bytes, Finished finished);
  // Gives the bytes of `root` to all, which have as many.
  void broadcast(std::vector<char> bytes, int32_t root, Finished finished);
  // Begins to sum values over all ranks in place; `what` says of what, in errors. In bf16 what is
  // sent is rounded to it, sums are float32.
  void beginSum(std::shared_ptr<Storage> storage, int64_t count, bool bf16, std::string what);
  // Waits for the sum of these values; throws where it failed.
  void endSum(const std::shared_ptr<Storage>& storage);
  // Gathers the values of a step of all ranks, as many from each, in the order of ranks, and waits
  // for them; throws where it failed.
  std::vector<char> gatherNow(const void* bytes, size_t count, std::string what);
  // Bytes that this process has sent for steps so far.
  uint64_t sentForSteps() const { return sent_; }
  // Comes to the end with all other ranks; waits for them that many seconds at most. Gathers last
  // words.
  void close(std::vector<char> bytes, double seconds, Finished finished);

 private:
  Communicator(const Transport& transport, double seconds);
  ~Communicator();
  void loop();
  void post(Channel channel, std::unique_ptr<Exchange> exchange);
  enum class Progress { None, Moved, Failed };
  bool advance(int channel);
  Progress advance(int channel, Exchange& exchange);
  bool finishFirst(int channel);
  // Begins the next stage of an exchange; false where that failed.
  bool begin(int channel, Exchange& exchange);
  bool takeMessages(Exchange& exchange);
  std::string silence(const Exchange& exchange, double limit);
  std::string nameOf(int32_t rank);
  void fail(const std::string& error);

  const Transport& transport_;
  const double seconds_;
  void* self_ = nullptr;
  TransportWorld world_{};
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Exchange>> queues_[kChannels];
  std::unordered_map<Storage*, std::future<void>> sums_;
  std::vector<std::string> names_;
  std::string error_;
  std::atomic<uint64_t> sent_{0};
  bool closed_ = false;
  // What failed keeps its memory: messages may still arrive in it.
  std::vector<std::unique_ptr<Exchange>> abandoned_;
};

}  // namespace cnn
