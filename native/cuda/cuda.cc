#include "cuda.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>

#include "decode/decoder.h"
#include "gpu.h"
#include "host/events.h"
#include "host/pinned_memory.h"
#include "host/waiter.h"
#include "libraries.h"

namespace cnn {
namespace {

using namespace cuda;

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
                             amongVisible() + " but received " + std::to_string(options.device));
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
    MemoryUse all{0, 0};
    for (MemoryPool* pool : {&context_.pool, static_cast<MemoryPool*>(&uploads_), &decoding_}) {
      all.used += pool->usedBytes();
      all.peak += pool->peakBytes();
      if (resetPeak) pool->resetPeak();
    }
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

  std::shared_ptr<ImageBatch> beginBatch(int slots, int size, int channels) override {
    useDevice(gpu_.device);
    return decoder().begin(slots, size, channels);
  }
  std::string describeDecoder() override {
    useDevice(gpu_.device);
    return decoder().describe();
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
    decoding_.trim();
    pinned_.trim();
  }

  ~CudaEngine() override {
    try {
      useDevice(gpu_.device);
      decoder_.reset();
      context_.prepared.clear();
      context_.scratch.reset();
    } catch (const std::exception&) {
      // A device that is lost needs no tidying.
    }
  }

 private:
  Decoder& decoder() {
    if (decoder_ == nullptr) {
      decoder_ = std::make_unique<Decoder>(
          DecoderParts{gpu_, copies_, events_, pinned_, uploads_, decoding_});
    }
    return *decoder_;
  }
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
  MemoryPool decoding_{deviceAddresses()};  // for the stream that decodes
  Waiter waiter_;
  std::unique_ptr<Decoder> decoder_;  // opened with the first batch
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

std::string describeNvjpeg() { return Decoder::describeLibrary(); }

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
