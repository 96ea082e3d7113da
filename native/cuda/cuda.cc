#include "cuda.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "gpu.h"
#include "libraries.h"

namespace cnn {
namespace {

using namespace cuda;

// Events that are used again.
class Events {
 public:
  using Handle = std::shared_ptr<void>;

  ~Events() {
    for (EventHandle event : free_) destroyEvent(event);
  }
  Handle record(StreamHandle stream) {
    EventHandle event = take();
    Handle handle(event, [this](EventHandle used) { giveBack(used); });
    recordEvent(event, stream);
    return handle;
  }

 private:
  EventHandle take() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return createEvent();
    EventHandle event = free_.back();
    free_.pop_back();
    return event;
  }
  void giveBack(EventHandle event) {
    std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(event);
  }

  std::mutex mutex_;
  std::vector<EventHandle> free_;
};

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

// Pinned memory of the host, in sizes of powers of two, which is used again.
class PinnedMemory {
 public:
  ~PinnedMemory() { trim(); }
  std::shared_ptr<void> take(size_t bytes) {
    size_t size = 4096;
    while (size < bytes) size *= 2;
    std::lock_guard<std::mutex> lock(mutex_);
    auto& free = free_[size];
    void* memory = nullptr;
    if (free.empty()) {
      memory = allocatePinned(size);
    } else {
      memory = free.back();
      free.pop_back();
    }
    return {memory, [this, size](void* used) {
              std::lock_guard<std::mutex> lock(mutex_);
              free_[size].push_back(used);
            }};
  }
  void trim() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& [size, free] : free_) {
      for (void* memory : free) freePinned(memory);
    }
    free_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
};

// Memory that is filled by copies beside the kernels: a block is free again only when the kernels
// have ended that were enqueued before it was released.
class UploadPool : public MemoryPool {
 public:
  // Calls what it is given when all kernels so far have ended.
  using AfterKernels = std::function<void(Done)>;
  explicit UploadPool(AfterKernels afterKernels)
      : MemoryPool(deviceAddresses()), afterKernels_(std::move(afterKernels)) {}

  void release(void* block, size_t bytes) override {
    afterKernels_([this, block, bytes](const std::string&) { MemoryPool::release(block, bytes); });
  }

 private:
  AfterKernels afterKernels_;
};

bool isZero(const char* text) { return text != nullptr && std::string(text) == "0"; }

Gpu openGpu(const CudaOptions& options) {
  const std::vector<DeviceInfo> devices = findDevices();
  const int count = static_cast<int>(devices.size());
  if (options.device < 0 || options.device >= count) {
    throw std::runtime_error("expected a GPU from 0 to " + std::to_string(count - 1) +
                             " but received " + std::to_string(options.device));
  }
  Gpu gpu;
  gpu.info = devices[static_cast<size_t>(options.device)];
  if (gpu.info.major < 8) {
    throw std::runtime_error(gpu.info.name + " has compute capability " +
                             std::to_string(gpu.info.major) + "." + std::to_string(gpu.info.minor) +
                             ", but 8.0 (Ampere) or newer is needed");
  }
  openLibraries();
  gpu.device = options.device;
  gpu.tf32 = options.tf32;
  gpu.deterministic = options.deterministic;
  useDevice(gpu.device);
  gpu.stream = createStream();
  return gpu;
}

class CudaEngine : public Engine {
 public:
  explicit CudaEngine(const CudaOptions& options)
      : gpu_(openGpu(options)),
        copies_(createStream()),
        context_(Device::Cuda, deviceAddresses()),
        uploads_([this](Done done) { afterKernels(std::move(done)); }),
        waiter_(gpu_.device) {
    gpu_.faults = static_cast<int32_t*>(faults_.get());
    std::memset(gpu_.faults, 0, sizeof(int32_t) * std::size(kFaults));
    context_.gpu = &gpu_;
  }

  std::string describe() const override {
    return gpu_.info.name + ", compute capability " + std::to_string(gpu_.info.major) + "." +
           std::to_string(gpu_.info.minor) + ", " + describeVersions();
  }
  Context& context() override { return context_; }
  MemoryUse memory(bool resetPeak) override {
    const MemoryUse all = {context_.pool.usedBytes() + uploads_.usedBytes(),
                           context_.pool.peakBytes() + uploads_.peakBytes()};
    if (resetPeak) context_.pool.resetPeak(), uploads_.resetPeak();
    return all;
  }
  size_t capacity() const override { return gpu_.info.memoryBytes; }
  void enter() override { useDevice(gpu_.device); }

  std::function<Tensor()> upload(DType type, const void* values, int64_t size) override {
    useDevice(gpu_.device);
    Tensor tensor = Tensor::create(&uploads_, type, size);
    if (size == 0) return [tensor] { return tensor; };
    const auto pinned = pinned_.take(tensor.bytes());
    std::memcpy(pinned.get(), values, tensor.bytes());
    copyToDevice(tensor.raw(), pinned.get(), tensor.bytes(), copies_);
    const Events::Handle copied = events_.record(copies_);
    waiter_.add(copied, [pinned](const std::string&) {});
    return [this, tensor, copied] {
      waitForEvent(gpu_.stream, copied.get());
      return tensor;
    };
  }

  void download(const Tensor& tensor, void* into, Done done) override {
    answer(withFault(std::move(done)), [&](const Done& done) -> Done {
      const DType type = tensor.dtype;
      const int64_t size = tensor.size;
      if (size == 0) return done;
      const auto pinned = pinned_.take(tensor.bytes());
      copyToHost(pinned.get(), tensor.raw(), tensor.bytes(), gpu_.stream);
      return [=](const std::string& error) {
        if (error.empty()) widenTo(into, pinned.get(), type, size);
        done(error);
      };
    });
  }
  void whenDone(Done done) override { afterKernels(withFault(std::move(done))); }

  bool joinsSteps() const override { return graphs_; }
  // The first two steps of a kind run as they come: ways are chosen and memory is taken in them.
  void beginStep(uint64_t signature) override {
    Steps& steps = steps_[signature];
    recorded_ = ++steps.count > 2 ? &steps : nullptr;
    if (recorded_ == nullptr) return;
    beginCapture(gpu_.stream);
    gpu_.recording = true;
  }
  void endStep() override {
    if (recorded_ == nullptr) return;
    gpu_.recording = false;
    runCaptured(gpu_.stream, &recorded_->executable);
    for (Done& done : std::exchange(afterStep_, {})) afterKernels(std::move(done));
  }

  void mark() override {
    if (marks_.empty()) {
      // The events tell how much later than this one they are.
      marks_.push_back(events_.record(gpu_.stream));
      synchronize(marks_.front().get());
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      markedFrom_ = std::chrono::duration<double>(now).count();
    }
    marks_.push_back(events_.record(gpu_.stream));
  }
  std::vector<double> takeMarks() override {
    std::vector<double> times;
    useDevice(gpu_.device);
    for (size_t i = 1; i < marks_.size(); i++) {
      synchronize(marks_[i].get());
      const float milliseconds = millisecondsBetween(marks_.front().get(), marks_[i].get());
      times.push_back(markedFrom_ + milliseconds / 1e3);
    }
    marks_.clear();
    return times;
  }

  void trim() override {
    synchronize(events_.record(gpu_.stream).get());
    for (auto& [signature, steps] : steps_) {
      if (steps.executable != nullptr) destroyGraph(steps.executable);
    }
    steps_.clear();
    context_.prepared.clear();
    context_.scratch.reset();
    context_.pool.trim();
    pinned_.trim();
  }

  ~CudaEngine() override {
    try {
      useDevice(gpu_.device);
      context_.prepared.clear();
      context_.scratch.reset();
    } catch (const std::exception&) {
      // A device that is lost needs no tidying.
    }
  }

 private:
  // What `enqueue` gives is called once all kernels so far have ended; `done` is, with the reason,
  // where that cannot be enqueued.
  template <class Enqueue>
  void answer(const Done& done, const Enqueue& enqueue) {
    if (gpu_.recording) {
      // The host cannot wait for a part of a graph.
      afterStep_.push_back(done);
      return;
    }
    Events::Handle event;
    Done then;
    try {
      then = enqueue(done);
      event = events_.record(gpu_.stream);
    } catch (const std::exception& failure) {
      done(failure.what());
      return;
    }
    waiter_.add(std::move(event), std::move(then));
  }
  void afterKernels(Done done) {
    answer(done, [](const Done& done) { return done; });
  }
  // `done` with what kernels have found wrong; for answers that reach the host alone.
  Done withFault(Done done) {
    return [this, done = std::move(done)](const std::string& error) {
      done(error.empty() ? takeFault() : error);
    };
  }
  std::string takeFault() {
    for (size_t i = 0; i < std::size(kFaults); i++) {
      if (__atomic_exchange_n(&gpu_.faults[i], 0, __ATOMIC_ACQUIRE) != 0) return kFaults[i];
    }
    return "";
  }

  // In this order, for what is last here goes first: the waiter ends when all its answers are
  // given, which need the members above it.
  struct Streams {
    Gpu* gpu;
    StreamHandle* copies;
    ~Streams() { destroyStream(gpu->stream), destroyStream(*copies); }
  };
  Gpu gpu_;
  StreamHandle copies_;
  Streams streams_{&gpu_, &copies_};
  Events events_;
  PinnedMemory pinned_;
  std::shared_ptr<void> faults_ = pinned_.take(sizeof(int32_t) * std::size(kFaults));
  Context context_;
  UploadPool uploads_;
  Waiter waiter_;
  std::vector<Events::Handle> marks_;
  double markedFrom_ = 0;
  // The steps of one signature so far, and the graph that runs them as one.
  struct Steps {
    int64_t count = 0;
    GraphHandle executable = nullptr;
  };
  const bool graphs_ = !isZero(std::getenv("CNN_CUDA_GRAPHS"));
  std::map<uint64_t, Steps> steps_;
  Steps* recorded_ = nullptr;
  std::vector<Done> afterStep_;
};

}  // namespace

std::unique_ptr<Engine> openCuda(const CudaOptions& options) {
  return std::make_unique<CudaEngine>(options);
}

std::vector<std::string> describeCuda() {
  std::vector<std::string> lines;
  const std::vector<DeviceInfo> devices = findDevices();
  openLibraries();
  for (const DeviceInfo& device : devices) {
    lines.push_back(device.name + ", compute capability " + std::to_string(device.major) + "." +
                    std::to_string(device.minor) + ", " + std::to_string(device.memoryBytes >> 20) +
                    " MiB");
  }
  return lines;
}

}  // namespace cnn
