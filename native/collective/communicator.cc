#include "communicator.h"

#include <algorithm>
#include <stdexcept>

#include "exchange.h"

namespace cnn {
namespace {

using Clock = std::chrono::steady_clock;

// The thread sleeps between looks at messages: MPI's own waiting would take a core that computes.
constexpr auto kSleep = std::chrono::microseconds(50);
// Messages of a healthy neighbour come so soon that a sleep would be most of the time.
constexpr int kLooksWithoutSleep = 32;
// Of one channel at a time: what one waits for does not keep the link from carrying the next one.
constexpr size_t kExchangesAtOnce = 3;

}  // namespace

Communicator::Communicator(const Transport& transport, double seconds)
    : transport_(transport), seconds_(seconds) {}
Communicator::~Communicator() = default;

Communicator* Communicator::open(const Transport& transport, Open open, double seconds) {
  auto* communicator = new Communicator(transport, seconds);
  std::promise<std::string> opened;
  communicator->thread_ = std::thread([&opened, communicator, open = std::move(open)] {
    const char* error = open(&communicator->self_, &communicator->world_);
    opened.set_value(error == nullptr ? "" : error);
    if (error == nullptr) communicator->loop();
  });
  const std::string error = opened.get_future().get();
  communicator->thread_.detach();
  if (!error.empty()) throw std::runtime_error(error);
  return communicator;
}

void Communicator::name(std::vector<std::string> names) {
  std::lock_guard<std::mutex> lock(mutex_);
  names_ = std::move(names);
}

void Communicator::gather(std::vector<char> bytes, Finished finished) {
  post(Channel::Host,
       gatherOf(world_, std::move(bytes), false, "what all tell each other", std::move(finished)));
}

void Communicator::broadcast(std::vector<char> bytes, int32_t root, Finished finished) {
  post(Channel::Host, broadcastOf(world_, std::move(bytes), root, std::move(finished)));
}

void Communicator::close(std::vector<char> bytes, double seconds, Finished finished) {
  auto last = gatherOf(world_, std::move(bytes), true, "the end", std::move(finished));
  last->seconds = seconds;
  post(Channel::End, std::move(last));
}

void Communicator::beginSum(std::shared_ptr<Storage> storage, int64_t count, bool bf16,
                            std::string what) {
  auto promise = std::make_shared<std::promise<void>>();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sums_[storage.get()] = promise->get_future();
  }
  post(Channel::Step,
       sumOf(world_, std::move(storage), count, bf16, std::move(what),
             [promise](const std::string& error, std::vector<char>) {
               if (error.empty()) {
                 promise->set_value();
               } else {
                 promise->set_exception(std::make_exception_ptr(std::runtime_error(error)));
               }
             }));
}

std::vector<char> Communicator::gatherNow(const void* bytes, size_t count, std::string what) {
  const char* own = static_cast<const char*>(bytes);
  auto promise = std::make_shared<std::promise<std::vector<char>>>();
  std::future<std::vector<char>> all = promise->get_future();
  post(Channel::Step,
       gatherOf(world_, std::vector<char>(own, own + count), false, std::move(what),
                [promise](const std::string& error, std::vector<char> gathered) {
                  if (error.empty()) {
                    promise->set_value(std::move(gathered));
                  } else {
                    promise->set_exception(std::make_exception_ptr(std::runtime_error(error)));
                  }
                }));
  return all.get();
}

void Communicator::endSum(const std::shared_ptr<Storage>& storage) {
  std::future<void> sum;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = sums_.find(storage.get());
    if (found == sums_.end()) throw std::runtime_error("no sum of these values has begun");
    sum = std::move(found->second);
    sums_.erase(found);
  }
  sum.get();
}

void Communicator::post(Channel channel, std::unique_ptr<Exchange> exchange) {
  std::string error;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    error = error_;
    if (error.empty()) queues_[static_cast<int>(channel)].push_back(std::move(exchange));
  }
  if (error.empty()) {
    wake_.notify_one();
  } else {
    exchange->finish(error);
  }
}

void Communicator::loop() {
  int looks = 0;
  while (!closed_) {
    bool any = false, moved = false;
    for (int channel = 0; channel < kChannels; channel++) {
      bool waits;
      {
        std::lock_guard<std::mutex> lock(mutex_);
        waits = !queues_[channel].empty();
      }
      if (!waits) continue;
      any = true;
      moved = advance(channel) || moved;
    }
    if (moved) looks = 0;
    if (any) {
      if (!moved && ++looks > kLooksWithoutSleep) std::this_thread::sleep_for(kSleep);
      continue;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [&] {
      return std::any_of(std::begin(queues_), std::end(queues_),
                         [](const auto& queue) { return !queue.empty(); });
    });
  }
}

// Looks at the messages of a channel's first exchanges; returns whether any is done. One begins
// when that before it has begun its last stage, so that all ranks send the same in the same order.
bool Communicator::advance(int channel) {
  std::vector<Exchange*> exchanges;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& exchange : queues_[channel]) {
      if (exchanges.size() == kExchangesAtOnce) break;
      exchanges.push_back(exchange.get());
    }
  }
  bool moved = false;
  for (Exchange* exchange : exchanges) {
    switch (advance(channel, *exchange)) {
      case Progress::Failed:
        return true;
      case Progress::Moved:
        moved = true;
        break;
      case Progress::None:
        break;
    }
    if (exchange->nextStage < exchange->stages) break;
  }
  while (finishFirst(channel)) moved = true;
  return moved;
}

Communicator::Progress Communicator::advance(int channel, Exchange& exchange) {
  const size_t before = exchange.pending.size();
  if (!takeMessages(exchange)) return Progress::Failed;
  if (exchange.pending.empty()) {
    if (exchange.nextStage == exchange.stages) return Progress::None;
    return begin(channel, exchange) ? Progress::Moved : Progress::Failed;
  }
  if (exchange.pending.size() < before) {
    exchange.since = Clock::now();
    return Progress::Moved;
  }
  const double limit = exchange.seconds > 0 ? exchange.seconds : seconds_;
  if (Clock::now() - exchange.since <= std::chrono::duration<double>(limit)) return Progress::None;
  fail(silence(exchange, limit));
  return Progress::Failed;
}

// Ends a channel's first exchange if it is done.
bool Communicator::finishFirst(int channel) {
  std::unique_ptr<Exchange> done;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (queues_[channel].empty()) return false;
    const Exchange& first = *queues_[channel].front();
    if (first.nextStage < first.stages || !first.pending.empty()) return false;
    done = std::move(queues_[channel].front());
    queues_[channel].pop_front();
  }
  std::string error;
  if (done->isLast()) {
    const char* problem = transport_.close(self_);
    error = problem == nullptr ? "" : problem;
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    error_ = "this process has left the others";
  }
  done->finish(error);
  return true;
}

// Takes the messages that are done from those of an exchange; false where one failed.
bool Communicator::takeMessages(Exchange& exchange) {
  auto& pending = exchange.pending;
  for (size_t i = 0; i < pending.size();) {
    bool done = false;
    if (const char* error = transport_.test(self_, pending[i].request, &done)) {
      fail("the connection with " + nameOf(pending[i].peer) + " failed: " + error);
      return false;
    }
    if (done) {
      pending[i] = pending.back();
      pending.pop_back();
    } else {
      i++;
    }
  }
  return true;
}

// Who is silent: the one whose message does not come, or else the one that takes none.
std::string Communicator::silence(const Exchange& exchange, double limit) {
  const auto& pending = exchange.pending;
  const auto silent =
      std::min_element(pending.begin(), pending.end(), [](const auto& a, const auto& b) {
        return std::make_pair(a.isSend, a.peer) < std::make_pair(b.isSend, b.peer);
      });
  return "nothing came from " + nameOf(silent->peer) + " for " +
         std::to_string(static_cast<int>(limit)) + " s while it was to send its part of " +
         exchange.what();
}

std::string Communicator::nameOf(int32_t rank) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (static_cast<size_t>(rank) < names_.size()) return names_[rank];
  return "rank " + std::to_string(rank);
}

bool Communicator::begin(int channel, Exchange& exchange) {
  exchange.since = Clock::now();
  for (Exchange::Message message : exchange.stage(exchange.nextStage++)) {
    const auto carry = [&](auto transport) {
      return transport(self_, message.peer, channel, message.bytes, message.count,
                       &message.request);
    };
    const char* error = message.isSend ? carry(transport_.send) : carry(transport_.receive);
    if (error != nullptr) {
      fail(error);
      return false;
    }
    if (message.isSend && channel == static_cast<int>(Channel::Step)) sent_ += message.count;
    exchange.pending.push_back(message);
  }
  return true;
}

// All that waits and comes later fails with the first error.
void Communicator::fail(const std::string& error) {
  std::vector<std::unique_ptr<Exchange>> failed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    error_ = error;
    for (auto& queue : queues_) {
      for (auto& exchange : queue) failed.push_back(std::move(exchange));
      queue.clear();
    }
  }
  for (auto& exchange : failed) {
    exchange->finish(error);
    abandoned_.push_back(std::move(exchange));
  }
}

}  // namespace cnn
