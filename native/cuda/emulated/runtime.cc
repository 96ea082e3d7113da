// CUDA's runtime computed by the CPU. CNN_EMULATED_GPU, words such as "devices=2 memory=64", asks
// for other devices and for faults:
//   driver=none|old        there is no driver, or one that is too old
//   devices=N              so many GPUs, of which CUDA_VISIBLE_DEVICES may hide some
//   capability=7.5         their compute capability
//   memory=N               MiB that a device has
//   lose=N                 the N-th thing that is enqueued loses the device
//   fail=N                 the N-th growth of the memory fails
//   delay=N                microseconds that every copy takes longer
//   jpeg=hardware          it has an engine for JPEGs
#include "cuda/runtime.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <sstream>
#include <thread>
#include <utility>

#include "stream.h"

namespace cnn::cuda {
namespace {

using Clock = std::chrono::steady_clock;

// Memory that is given back is marked at once, which kernels that still wait for their turn would
// run into: whoever enqueues waits for the work, and recordings run as they are made.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kAtOnce = true;
#else
constexpr bool kAtOnce = false;
#endif

struct Faults {
  std::string driver;
  int devices = 1;
  int major = 9, minor = 0;
  size_t memoryBytes = size_t{8} << 30;
  int64_t lose = 0, fail = 0, delay = 0;
};

// The words of CNN_EMULATED_GPU and their values.
std::map<std::string, std::string> readWords() {
  std::map<std::string, std::string> read;
  const char* text = std::getenv("CNN_EMULATED_GPU");
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    read[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return read;
}

Faults readFaults() {
  Faults faults;
  for (const auto& [name, value] : readWords()) {
    if (name == "driver") faults.driver = value;
    if (name == "devices") faults.devices = std::stoi(value);
    if (name == "memory") faults.memoryBytes = std::stoull(value) << 20;
    if (name == "lose") faults.lose = std::stoll(value);
    if (name == "fail") faults.fail = std::stoll(value);
    if (name == "delay") faults.delay = std::stoll(value);
    if (name == "capability") {
      faults.major = std::stoi(value);
      faults.minor = std::stoi(value.substr(value.find('.') + 1));
    }
  }
  return faults;
}

// Both are never destroyed: a process may end while a stream still computes.
Faults& faults = *new Faults;  // as they are asked for when devices are looked for
std::mutex lossMutex;
std::string& loss = *new std::string;  // why the device is lost
std::atomic<int64_t> enqueued{0}, growths{0};

void lose(const std::string& why) {
  std::lock_guard<std::mutex> lock(lossMutex);
  if (loss.empty()) loss = why;
}
void throwIfLost() {
  std::lock_guard<std::mutex> lock(lossMutex);
  if (!loss.empty()) throw std::runtime_error(loss);
}

struct Event {
  std::mutex mutex;
  std::condition_variable changed;
  int64_t recorded = 0, reached = 0;
  Clock::time_point time;
};

thread_local int used = 0;  // the device that this thread uses

// As CUDA reads CUDA_VISIBLE_DEVICES: to the first number that no device has.
std::vector<int> visibleDevices() {
  std::vector<int> numbers;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible == nullptr) {
    for (int number = 0; number < faults.devices; number++) numbers.push_back(number);
    return numbers;
  }
  std::istringstream words(visible);
  for (std::string word; std::getline(words, word, ',');) {
    const bool digits = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
    const int number = digits ? std::atoi(word.c_str()) : -1;
    if (number < 0 || number >= faults.devices) break;
    numbers.push_back(number);
  }
  return numbers;
}

class EmulatedStream {
 public:
  EmulatedStream() : thread_([this] { loop(); }) {}
  ~EmulatedStream() {
    add([this] { stopping_ = true; });
    thread_.join();
  }
  void add(std::function<void()> work) {
    if (recording_) {
      recorded_.push_back(kAtOnce ? std::function<void()>([] {}) : std::move(work));
      if (!kAtOnce) return;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    work_.push_back(std::move(work));
    const int64_t number = ++added_;
    wake_.notify_one();
    if (kAtOnce) done_.wait(lock, [&] { return ended_ >= number; });
  }

  void record() {
    if (recording_) throw std::runtime_error("The GPU failed in a recording within another one");
    recording_ = true;
  }
  std::vector<std::function<void()>> endRecord() {
    recording_ = false;
    return std::exchange(recorded_, {});
  }
  // As CUDA does where the thread uses another device than the stream.
  void refuseOtherDevice(const char* what) const {
    if (used == device_) return;
    throw std::runtime_error(std::string("The GPU failed in ") + what + ": a stream of GPU " +
                             std::to_string(device_) + " on a thread that uses " +
                             std::to_string(used));
  }
  // As CUDA does, for what is not a part of the graph.
  void refuseWhileRecording() const {
    if (recording_) throw std::runtime_error("The GPU failed in a recording: an event of another");
  }

 private:
  void loop() {
    while (!stopping_) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return !work_.empty(); });
      std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
      // What it holds goes before anyone goes on.
      work = nullptr;
      lock.lock();
      ended_++;
      done_.notify_all();
    }
  }

  const int device_ = used;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::deque<std::function<void()>> work_;
  int64_t added_ = 0, ended_ = 0;
  bool stopping_ = false;
  // Both for the thread that enqueues.
  bool recording_ = false;
  std::vector<std::function<void()>> recorded_;
  std::thread thread_;
};

// The number of the parts of a graph.
struct Executable {
  size_t parts;
};

EmulatedStream& streamOf(StreamHandle stream) { return *static_cast<EmulatedStream*>(stream); }
// Streams keep the events that they still have to reach.
using SharedEvent = std::shared_ptr<Event>;
const SharedEvent& eventOf(EventHandle event) { return *static_cast<SharedEvent*>(event); }

int64_t timesRecorded(const SharedEvent& event) {
  std::lock_guard<std::mutex> lock(event->mutex);
  return event->recorded;
}

void waitUntil(const SharedEvent& event, int64_t recorded) {
  std::unique_lock<std::mutex> lock(event->mutex);
  event->changed.wait(lock, [&] { return event->reached >= recorded; });
}

class EmulatedAddresses : public AddressRange {
 public:
  EmulatedAddresses() : host_(hostAddresses()), limit_(faults.memoryBytes) {}
  char* begin() const override { return host_->begin(); }
  size_t size() const override { return std::min(host_->size(), limit_); }
  // So that AddressSanitizer sees what kernels touch.
  bool onHost() const override { return true; }
  void back(size_t from, size_t growth) override {
    if (faults.fail > 0 && ++growths == faults.fail) throw std::bad_alloc();
    host_->back(from, growth);
  }
  void drop(size_t, size_t) override {}
  size_t dropEnd(size_t, size_t backed) override { return backed; }

 private:
  std::unique_ptr<AddressRange> host_;
  size_t limit_;
};

void copyOn(StreamHandle stream, void* to, const void* from, size_t bytes) {
  emulated::enqueue(stream, "copy", [=] {
    std::this_thread::sleep_for(std::chrono::microseconds(faults.delay));
    std::memcpy(to, from, bytes);
  });
}

}  // namespace

std::vector<DeviceInfo> findDevices() {
  faults = readFaults();
  if (faults.driver == "none") throw std::runtime_error(kNoDriver);
  if (faults.driver == "old") throw std::runtime_error(driverTooOld("12.2"));
  const std::vector<int> numbers = visibleDevices();
  if (numbers.empty()) throw std::runtime_error(noDevice());
  {
    std::lock_guard<std::mutex> lock(lossMutex);
    loss.clear();
  }
  enqueued = growths = 0;
  std::vector<DeviceInfo> devices;
  for (const int number : numbers) {
    const std::string name = "Emulated GPU" + (number == 0 ? "" : " " + std::to_string(number));
    devices.push_back({name, faults.major, faults.minor, 2, faults.memoryBytes});
  }
  return devices;
}

void useDevice(int device) { used = device; }
std::string describeVersions() { return "emulated on the CPU"; }

StreamHandle createStream() { return new EmulatedStream; }
void destroyStream(StreamHandle stream) { delete &streamOf(stream); }
EventHandle createEvent() { return new SharedEvent(std::make_shared<Event>()); }
void destroyEvent(EventHandle event) { delete &eventOf(event); }

void recordEvent(EventHandle handle, StreamHandle stream) {
  throwIfLost();
  streamOf(stream).refuseWhileRecording();
  const SharedEvent event = eventOf(handle);
  int64_t number;
  {
    std::lock_guard<std::mutex> lock(event->mutex);
    number = ++event->recorded;
  }
  streamOf(stream).add([event, number] {
    std::lock_guard<std::mutex> lock(event->mutex);
    event->reached = number;
    event->time = Clock::now();
    event->changed.notify_all();
  });
}

void waitForEvent(StreamHandle stream, EventHandle handle) {
  streamOf(stream).refuseWhileRecording();
  const SharedEvent event = eventOf(handle);
  streamOf(stream).add([event, number = timesRecorded(event)] { waitUntil(event, number); });
}

void synchronize(EventHandle handle) {
  const SharedEvent& event = eventOf(handle);
  waitUntil(event, timesRecorded(event));
  throwIfLost();
}

float millisecondsBetween(EventHandle start, EventHandle end) {
  const auto between = eventOf(end)->time - eventOf(start)->time;
  return std::chrono::duration<float, std::milli>(between).count();
}

void beginCapture(StreamHandle stream) { streamOf(stream).record(); }

void runCaptured(StreamHandle stream, GraphHandle* executable) {
  auto parts = streamOf(stream).endRecord();
  const auto* known = static_cast<Executable*>(*executable);
  if (known == nullptr || known->parts != parts.size()) {
    destroyGraph(*executable);
    *executable = new Executable{parts.size()};
  }
  streamOf(stream).add([parts = std::move(parts)] {
    for (const auto& part : parts) part();
  });
}

void destroyGraph(GraphHandle executable) { delete static_cast<Executable*>(executable); }

void copyToDevice(void* to, const void* from, size_t bytes, StreamHandle stream) {
  copyOn(stream, to, from, bytes);
}
void copyToHost(void* to, const void* from, size_t bytes, StreamHandle stream) {
  copyOn(stream, to, from, bytes);
}
void* allocatePinned(size_t bytes) { return ::operator new(bytes); }
void freePinned(void* memory) { ::operator delete(memory); }
std::unique_ptr<AddressRange> deviceAddresses() { return std::make_unique<EmulatedAddresses>(); }
void checkLaunch(const char*) {}

namespace emulated {

void enqueue(StreamHandle stream, const char* what, std::function<void()> work) {
  throwIfLost();
  streamOf(stream).refuseOtherDevice(what);
  const bool last = faults.lose > 0 && ++enqueued == faults.lose;
  streamOf(stream).add([=, work = std::move(work)] {
    try {
      throwIfLost();
      if (last) throw std::runtime_error("the device was lost");
      work();
    } catch (const std::exception& failure) {
      lose(std::string("The GPU failed in ") + what + ": " + failure.what());
    }
  });
}

std::string asked(const std::string& word) { return readWords()[word]; }

unsigned orderOfThreads() {
  const char* order = std::getenv("CNN_EMULATED_ORDER");
  return order == nullptr ? 0 : static_cast<unsigned>(std::atoi(order));
}

}  // namespace emulated
}  // namespace cnn::cuda
