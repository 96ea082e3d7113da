// What ranks do together by messages.
#pragma once
#include <chrono>
#include <cstring>

#include "communicator.h"

namespace cnn {

class Exchange {
 public:
  Exchange(const TransportWorld& world, int stages, std::string what,
           Communicator::Finished finished)
      : stages(stages), world_(world), what_(std::move(what)), finished_(std::move(finished)) {}
  virtual ~Exchange() = default;

  struct Message {
    bool isSend;
    int32_t peer;
    void* bytes;
    size_t count;
    void* request = nullptr;
  };

  // The messages of a stage; what the one before it brought is in place.
  virtual std::vector<Message> stage(int number) = 0;
  // What `finished` is given.
  virtual std::vector<char> result() { return {}; }
  // Whether the transport ends with it.
  virtual bool isLast() const { return false; }

  const std::string& what() const { return what_; }
  void finish(const std::string& error) {
    finished_(error, error.empty() ? result() : std::vector<char>());
  }

  const int stages;

  // Of the communicator's thread.
  std::vector<Message> pending;
  int nextStage = 0;
  std::chrono::steady_clock::time_point since;
  double seconds = 0;  // in place of the communicator's, where it is above 0

 protected:
  const TransportWorld& world_;

  // One message to and one from every other rank.
  template <class Sent, class Received>
  std::vector<Message> withAll(const Sent& sent, const Received& received) const {
    std::vector<Message> messages;
    for (int32_t step = 1; step < world_.size; step++) {
      // Rank by rank from the own one on, so that not all begin with the same one.
      const int32_t to = (world_.rank + step) % world_.size;
      const int32_t from = (world_.rank + world_.size - step) % world_.size;
      const auto [in, inCount] = received(from);
      const auto [out, outCount] = sent(to);
      if (inCount > 0) messages.push_back({false, from, in, inCount});
      if (outCount > 0) messages.push_back({true, to, out, outCount});
    }
    return messages;
  }

 private:
  const std::string what_;
  const Communicator::Finished finished_;
};

std::unique_ptr<Exchange> gatherOf(const TransportWorld& world, std::vector<char> bytes, bool last,
                                   std::string what, Communicator::Finished finished);
std::unique_ptr<Exchange> broadcastOf(const TransportWorld& world, std::vector<char> bytes,
                                      int32_t root, Communicator::Finished finished);
std::unique_ptr<Exchange> sumOf(const TransportWorld& world, std::shared_ptr<Storage> storage,
                                int64_t count, bool bf16, std::string what,
                                Communicator::Finished finished);

}  // namespace cnn
