#include "stream.h"

#include <omp.h>

#include <chrono>
#include <cstring>
#include <utility>

namespace cnn {

Stream::Stream(int threads, bool strict) {
  context_.isa = selectedIsa();
  context_.threads = threads;
  context_.strict = strict;
  thread_ = std::thread([this] { loop(); });
}

Stream::~Stream() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  context_.prepared.clear();
}

template <class Append>
void Stream::append(Append change) {
  bool sleeping;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sleeping = pending_.words.empty();
    change(pending_);
  }
  if (sleeping) wake_.notify_one();
}

void Stream::submit(const int32_t* words, size_t count) {
  append([&](Work& work) { work.words.insert(work.words.end(), words, words + count); });
}

void Stream::enqueue(std::function<void()> task) {
  append([&](Work& work) {
    work.words.push_back(kTask);
    work.tasks.push_back(std::move(task));
  });
}

void Stream::write(int32_t number, DType dtype, const void* values, int64_t size) {
  Tensor tensor = Tensor::create(&context_.pool, dtype, size);
  if (size > 0) std::memcpy(tensor.raw(), values, tensor.bytes());
  enqueue([this, number, tensor] { slot(number) = tensor; });
}

void Stream::wait() {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  enqueue([&] {
    std::lock_guard<std::mutex> lock(mutex);
    finished = true;
    done.notify_one();
  });
  std::unique_lock<std::mutex> lock(mutex);
  done.wait(lock, [&] { return finished; });
}

void Stream::copyOut(int32_t number, void* destination, int64_t size) {
  Tensor& tensor = slot(number);
  if (!tensor.exists() || tensor.size != size) {
    throw std::runtime_error("expected a tensor of " + std::to_string(size) +
                             " values to read but found " +
                             (tensor.exists() ? std::to_string(tensor.size) : "none"));
  }
  if (tensor.dtype != DType::BFloat16) {
    if (size > 0) std::memcpy(destination, tensor.raw(), tensor.bytes());
    return;
  }
  const bf16* values = tensor.data<bf16>();
  float* floats = static_cast<float*>(destination);
  for (int64_t i = 0; i < size; i++) floats[i] = toFloat(values[i]);
}

std::string Stream::takeError() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string error;
  std::swap(error, error_);
  return error;
}

void Stream::trim() {
  enqueue([this] {
    context_.prepared.clear();
    context_.scratch.reset();
    context_.pool.trim();
  });
}

void Stream::profile(bool on) {
  enqueue([this, on] { profiling_ = on; });
}

std::vector<Stream::Timing> Stream::takeTimings() { return std::exchange(timings_, {}); }

void Stream::remember(const std::string& error) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (error_.empty()) error_ = error;
}

Tensor& Stream::slot(int32_t number) {
  if (number < 0) throw std::runtime_error("negative slot");
  if (static_cast<size_t>(number) >= slots_.size()) slots_.resize(number + 1);
  return slots_[number];
}

void Stream::loop() {
  omp_set_num_threads(context_.threads);
  Work work;
  for (;;) {
    work.words.clear();
    work.tasks.clear();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !pending_.words.empty(); });
      if (stopping_) break;
      std::swap(work, pending_);
    }
    execute(work);
  }
  slots_.clear();
}

void Stream::execute(Work& work) {
  size_t nextTask = 0;
  for (size_t at = 0; at < work.words.size();) {
    if (work.words[at] != kTask) {
      at += executeCommand(work.words.data() + at);
      continue;
    }
    // Moved out, so that what the task holds is gone before the next command.
    std::function<void()> task = std::move(work.tasks[nextTask++]);
    try {
      task();
    } catch (const std::exception& error) {
      remember(error.what());
    }
    at++;
  }
}

size_t Stream::executeCommand(const int32_t* words) {
  if (words[0] == kFree) {
    slot(words[1]) = Tensor{};
    return 2;
  }
  return profiling_ ? timeKernel(words) : executeKernel(words);
}

size_t Stream::timeKernel(const int32_t* words) {
  auto seconds = [] {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
  };
  double start = seconds();
  size_t count = executeKernel(words);
  timings_.push_back({words[0], start, seconds()});
  return count;
}

size_t Stream::executeKernel(const int32_t* words) {
  const KernelBodies& kernel = kernelTable()[words[0]];
  int inputs = words[1];
  int outputs = words[2];
  int parameters = words[3];
  const int32_t* slots = words + 4;
  const int32_t* results = slots + inputs;
  try {
    inputs_.clear();
    for (int i = 0; i < inputs; i++) {
      inputs_.push_back(slots[i] < 0 ? Tensor{} : slot(slots[i]));
      if (slots[i] >= 0 && !inputs_.back().exists()) {
        throw std::runtime_error("input " + std::to_string(i) + " holds no values");
      }
    }
    outputs_.clear();
    for (int i = 0; i < outputs; i++) {
      const int32_t* result = results + 3 * i;
      outputs_.push_back(Tensor::create(&context_.pool, static_cast<DType>(result[1]), result[2]));
    }
    runKernel(kernel, {context_, kernel.name.c_str(), inputs_, outputs_, results + 3 * outputs,
                       parameters});
    for (int i = 0; i < outputs; i++) slot(results[3 * i]) = outputs_[i];
  } catch (const std::exception& error) {
    remember(kernel.name + ": " + error.what());
  }
  inputs_.clear();
  outputs_.clear();
  return 4 + inputs + 3 * outputs + parameters;
}

}  // namespace cnn
