#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "cuda/host/events.h"
#include "engine.h"

namespace cnn::cuda {

// A thread that waits for events and then calls what waits for them, in order.
class Waiter {
 public:
  explicit Waiter(int device) : thread_([this, device] { loop(device); }) {}
  ~Waiter() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void add(Events::Handle event, Done done) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      waiting_.emplace_back(std::move(event), std::move(done));
    }
    wake_.notify_one();
  }

 private:
  void loop(int device) {
    useDevice(device);
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto [event, done] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      std::string error;
      try {
        synchronize(event.get());
      } catch (const std::exception& failure) {
        error = failure.what();
      }
      done(error);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Events::Handle, Done>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cnn::cuda
