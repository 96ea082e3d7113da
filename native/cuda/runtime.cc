// CUDA's runtime, linked statically, and the part of the driver that maps memory. The driver itself
// is found by the runtime, so that the addon loads on machines without one.
#include "runtime.h"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <map>
#include <new>

namespace cnn::cuda {
namespace {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw std::bad_alloc();
  }
  throw std::runtime_error(std::string("The GPU failed in ") + what + ": " +
                           cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")");
}

std::string versionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

int driverVersion() {
  int version = 0;
  check(cudaDriverGetVersion(&version), "the driver's version");
  return version;
}

cudaStream_t streamOf(StreamHandle stream) { return static_cast<cudaStream_t>(stream); }
cudaEvent_t eventOf(EventHandle event) { return static_cast<cudaEvent_t>(event); }

// A function of the driver by its name and the version of CUDA that brought its present form.
template <class Function>
Function driverFunction(const char* name, unsigned version) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult result;
  check(cudaGetDriverEntryPointByVersion(name, &function, version, cudaEnableDefault, &result),
        name);
  if (function == nullptr) {
    throw std::runtime_error(std::string("the NVIDIA driver has no ") + name);
  }
  return reinterpret_cast<Function>(function);
}

void checkDriver(CUresult status, const char* what) {
  if (status == CUDA_SUCCESS) return;
  if (status == CUDA_ERROR_OUT_OF_MEMORY) throw std::bad_alloc();
  throw std::runtime_error(std::string("The GPU failed in ") + what + ": error " +
                           std::to_string(static_cast<int>(status)));
}

// The driver's functions for addresses without memory.
struct VirtualMemory {
  decltype(&cuMemAddressReserve) reserve =
      driverFunction<decltype(&cuMemAddressReserve)>("cuMemAddressReserve", 10020);
  decltype(&cuMemAddressFree) free =
      driverFunction<decltype(&cuMemAddressFree)>("cuMemAddressFree", 10020);
  decltype(&cuMemCreate) create = driverFunction<decltype(&cuMemCreate)>("cuMemCreate", 10020);
  decltype(&cuMemRelease) release = driverFunction<decltype(&cuMemRelease)>("cuMemRelease", 10020);
  decltype(&cuMemMap) map = driverFunction<decltype(&cuMemMap)>("cuMemMap", 10020);
  decltype(&cuMemUnmap) unmap = driverFunction<decltype(&cuMemUnmap)>("cuMemUnmap", 10020);
  decltype(&cuMemSetAccess) setAccess =
      driverFunction<decltype(&cuMemSetAccess)>("cuMemSetAccess", 10020);
  decltype(&cuMemGetAllocationGranularity) granularity =
      driverFunction<decltype(&cuMemGetAllocationGranularity)>("cuMemGetAllocationGranularity",
                                                               10020);
};

// Addresses for all memory of the device, backed chunk by chunk.
class DeviceAddresses : public AddressRange {
 public:
  DeviceAddresses() {
    int device = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaFree(nullptr), "the start of the device");  // makes the context that mapping needs
    properties_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties_.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties_.location.id = device;
    size_t free = 0, total = 0, granularity = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    checkDriver(
        driver_.granularity(&granularity, &properties_, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED),
        "cuMemGetAllocationGranularity");
    // The pool grows by 64 MiB, a multiple of every granularity that there is.
    size_ = (total + kGrowth - 1) / kGrowth * kGrowth;
    checkDriver(driver_.reserve(&begin_, size_, granularity, 0, 0), "cuMemAddressReserve");
  }
  ~DeviceAddresses() override {
    dropEnd(0, 0);
    driver_.free(begin_, size_);
  }

  char* begin() const override { return reinterpret_cast<char*>(begin_); }
  size_t size() const override { return size_; }
  bool onHost() const override { return false; }

  void back(size_t from, size_t growth) override {
    CUmemGenericAllocationHandle memory;
    checkDriver(driver_.create(&memory, growth, &properties_, 0), "cuMemCreate");
    const CUresult mapped = driver_.map(begin_ + from, growth, 0, memory, 0);
    // The mapping keeps the memory.
    driver_.release(memory);
    checkDriver(mapped, "cuMemMap");
    chunks_[from] = growth;
    CUmemAccessDesc access = {};
    access.location = properties_.location;
    access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    checkDriver(driver_.setAccess(begin_ + from, growth, &access, 1), "cuMemSetAccess");
  }
  void drop(size_t, size_t) override {}
  size_t dropEnd(size_t begin, size_t backed) override {
    while (!chunks_.empty() && chunks_.rbegin()->first >= begin) {
      backed = chunks_.rbegin()->first;
      driver_.unmap(begin_ + backed, chunks_.rbegin()->second);
      chunks_.erase(backed);
    }
    return backed;
  }

 private:
  static constexpr size_t kGrowth = size_t{64} << 20;
  VirtualMemory driver_;
  CUmemAllocationProp properties_ = {};
  CUdeviceptr begin_ = 0;
  size_t size_ = 0;
  std::map<size_t, size_t> chunks_;  // sizes by their offsets
};

bool driverIsInstalled() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver != nullptr) dlclose(driver);
  return driver != nullptr;
}

}  // namespace

std::vector<DeviceInfo> findDevices() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    if (!driverIsInstalled()) throw std::runtime_error(kNoDriver);
    throw std::runtime_error(driverTooOld(versionText(driverVersion())));
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    throw std::runtime_error(noDevice());
  }
  check(status, "cudaGetDeviceCount");
  std::vector<DeviceInfo> devices;
  for (int device = 0; device < count; device++) {
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    devices.push_back({properties.name, properties.major, properties.minor,
                       properties.multiProcessorCount, properties.totalGlobalMem});
  }
  return devices;
}

void useDevice(int device) { check(cudaSetDevice(device), "cudaSetDevice"); }

std::string describeVersions() {
  int runtime = 0;
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  return "CUDA " + versionText(runtime) + ", driver for CUDA " + versionText(driverVersion());
}

StreamHandle createStream() {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  return stream;
}
void destroyStream(StreamHandle stream) { cudaStreamDestroy(streamOf(stream)); }

EventHandle createEvent() {
  cudaEvent_t event;
  check(cudaEventCreateWithFlags(&event, cudaEventBlockingSync), "cudaEventCreate");
  return event;
}
void destroyEvent(EventHandle event) { cudaEventDestroy(eventOf(event)); }
void recordEvent(EventHandle event, StreamHandle stream) {
  check(cudaEventRecord(eventOf(event), streamOf(stream)), "cudaEventRecord");
}
void waitForEvent(StreamHandle stream, EventHandle event) {
  check(cudaStreamWaitEvent(streamOf(stream), eventOf(event), 0), "cudaStreamWaitEvent");
}
void synchronize(EventHandle event) {
  check(cudaEventSynchronize(eventOf(event)), "the kernels before this point");
}
float millisecondsBetween(EventHandle start, EventHandle end) {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, eventOf(start), eventOf(end)), "cudaEventElapsedTime");
  return milliseconds;
}

void beginCapture(StreamHandle stream) {
  // Relaxed, because the pool may grow meanwhile.
  check(cudaStreamBeginCapture(streamOf(stream), cudaStreamCaptureModeRelaxed),
        "the recording of a step");
}

void runCaptured(StreamHandle stream, GraphHandle* executable) {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(streamOf(stream), &graph),
        "the recording of a step (CNN_CUDA_GRAPHS=0 does without)");
  const std::unique_ptr<CUgraph_st, void (*)(cudaGraph_t)> recorded(
      graph, [](cudaGraph_t unused) { cudaGraphDestroy(unused); });
  cudaGraphExecUpdateResultInfo update;
  if (*executable != nullptr && cudaGraphExecUpdate(static_cast<cudaGraphExec_t>(*executable),
                                                    graph, &update) != cudaSuccess) {
    cudaGetLastError();
    destroyGraph(*executable);
    *executable = nullptr;
  }
  if (*executable == nullptr) {
    cudaGraphExec_t made;
    check(cudaGraphInstantiate(&made, graph, 0), "cudaGraphInstantiate");
    *executable = made;
  }
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(*executable), streamOf(stream)),
        "the launch of a step");
}

void destroyGraph(GraphHandle executable) {
  cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(executable));
}

void copyToDevice(void* to, const void* from, size_t bytes, StreamHandle stream) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, streamOf(stream)),
        "a copy to the GPU");
}
void copyToHost(void* to, const void* from, size_t bytes, StreamHandle stream) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, streamOf(stream)),
        "a copy from the GPU");
}
void* allocatePinned(size_t bytes) {
  void* memory = nullptr;
  check(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault), "cudaHostAlloc");
  return memory;
}
void freePinned(void* memory) { cudaFreeHost(memory); }
std::unique_ptr<AddressRange> deviceAddresses() { return std::make_unique<DeviceAddresses>(); }

void checkLaunch(const char* kernel) { check(cudaGetLastError(), kernel); }

}  // namespace cnn::cuda
