// What is used of CUDA's runtime and driver. On a GPU runtime.cc forwards to them; the emulated
// build (emulated/runtime.cc) computes the same on the CPU, in order and on threads of its own, and
// fails where a test wants it to.
//
// A failure is thrown as std::runtime_error, memory that is not there as std::bad_alloc.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "memory_pool.h"

namespace cnn::cuda {

using StreamHandle = void*;
using EventHandle = void*;

struct DeviceInfo {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  size_t memoryBytes = 0;
};

constexpr const char* kNoDriver = "no NVIDIA driver is installed";
// What follows "GPU" where CUDA_VISIBLE_DEVICES hides some.
inline std::string amongVisible() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible == nullptr) return "";
  return " among those that CUDA_VISIBLE_DEVICES=\"" + std::string(visible) + "\" leaves";
}
inline std::string noDevice() { return "the NVIDIA driver finds no GPU" + amongVisible(); }
// `version` is that of CUDA which the driver supports.
inline std::string driverTooOld(const std::string& version) {
  return "the NVIDIA driver supports CUDA " + version +
         ", but 13.0 is needed (driver 580 or newer)";
}

// The GPUs that CUDA_VISIBLE_DEVICES leaves, in its order. Throws one sentence where there is no
// driver, one that is too old, or no GPU.
std::vector<DeviceInfo> findDevices();
// The calling thread uses this device from now on.
void useDevice(int device);
// The driver's version, such as "13.0", and the runtime's.
std::string describeVersions();

StreamHandle createStream();
void destroyStream(StreamHandle stream);
EventHandle createEvent();
void destroyEvent(EventHandle event);
void recordEvent(EventHandle event, StreamHandle stream);
// What is enqueued on `stream` from now on waits for the event.
void waitForEvent(StreamHandle stream, EventHandle event);
// The calling thread waits for the event.
void synchronize(EventHandle event);
float millisecondsBetween(EventHandle start, EventHandle end);

// What is enqueued from now on is not run but recorded, until it is run as one.
void beginCapture(StreamHandle stream);
// Ends it and runs what was recorded, by an executable graph that is brought up to date, or made
// anew where it is null or has another form.
using GraphHandle = void*;
void runCaptured(StreamHandle stream, GraphHandle* executable);
void destroyGraph(GraphHandle executable);

// Copies are enqueued; memory of the host is pinned.
void copyToDevice(void* to, const void* from, size_t bytes, StreamHandle stream);
void copyToHost(void* to, const void* from, size_t bytes, StreamHandle stream);
void* allocatePinned(size_t bytes);
void freePinned(void* memory);
// Addresses of the device's memory, of the device that the calling thread uses.
std::unique_ptr<AddressRange> deviceAddresses();

// Throws what went wrong with the launch of a kernel.
void checkLaunch(const char* kernel);

}  // namespace cnn::cuda
