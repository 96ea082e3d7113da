#include "cpu.h"

#include <dnnl.h>
#include <omp.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "compute_type.h"
#include "isa.h"
#include "tuning/time_candidates.h"

namespace cnn {
namespace {

// CNN_CANDIDATE: for whatever it can compute.
std::string forcedCandidate() {
  const char* name = std::getenv("CNN_CANDIDATE");
  return name == nullptr ? "" : name;
}

class CpuEngine : public Engine {
 public:
  CpuEngine(int threads, bool strict) : context_(Device::Cpu, hostAddresses()) {
    context_.isa = selectedIsa();
    context_.threads = threads;
    context_.strict = strict;
    context_.forced = forcedCandidate();
  }

  std::string describe() const override { return describeIsa(context_.isa); }
  Context& context() override { return context_; }
  MemoryUse memory(bool resetPeak) override {
    const MemoryUse use = {context_.pool.usedBytes(), context_.pool.peakBytes()};
    if (resetPeak) context_.pool.resetPeak();
    return use;
  }
  void enter() override { omp_set_num_threads(context_.threads); }

  std::function<Tensor()> upload(DType type, const void* values, int64_t size) override {
    Tensor tensor = Tensor::create(&context_.pool, type, size);
    if (size > 0) std::memcpy(tensor.raw(), values, tensor.bytes());
    return [tensor] { return tensor; };
  }

  // Kernels have ended when they return.
  void download(const Tensor& tensor, void* into, Done done) override {
    widenTo(into, tensor.raw(), tensor.dtype, tensor.size);
    done("");
  }
  void whenDone(Done done) override { done(""); }

  void mark() override {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    marks_.push_back(std::chrono::duration<double>(now).count());
  }
  std::vector<double> takeMarks() override { return std::exchange(marks_, {}); }

  std::vector<CandidateTime> timeCandidates(const DescribedCall& call,
                                            const TimeLimit& limit) override {
    return cnn::timeCandidates(context_, call, limit);
  }

  void trim() override {
    context_.prepared.clear();
    context_.scratch.reset();
    context_.pool.trim();
  }

 private:
  Context context_;
  std::vector<double> marks_;
};

}  // namespace

bool hasCpu() { return true; }

bool cpuMultipliesBf16() { return multipliesBf16(); }

std::string onednnVersion() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' +
         std::to_string(version->patch);
}

std::unique_ptr<Engine> openCpu(int threads, bool strict) {
  return std::make_unique<CpuEngine>(threads, strict);
}

std::unique_ptr<Context> measuringCpu() {
  auto context = std::make_unique<Context>(Device::Cpu, noAddresses());
  context->measuring = true;
  context->isa = selectedIsa();
  context->forced = forcedCandidate();
  return context;
}

}  // namespace cnn
