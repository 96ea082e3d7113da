#include "stream.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <future>
#include <iterator>
#include <new>
#include <utility>

#include "checks/call_check.h"

namespace cnn {
namespace {

// The number of words of a command.
size_t lengthOf(const int32_t* words) {
  if (words[0] == kFree) return 2;
  if (words[0] < 0) return 1;
  return static_cast<size_t>(4 + words[1] + 3 * words[2] + words[3]);
}

// Slots are numbered from 0 on without gaps; more tensors than these have no room anywhere.
constexpr int32_t kMostSlots = 1 << 24;

void expectSlot(int32_t slot, int32_t least) {
  if (slot >= least && slot < kMostSlots) return;
  throw std::runtime_error("a command names the slot " + std::to_string(slot));
}

// The fixed words of the parameters of each kernel.
const std::vector<int>& parameterWords() {
  static const std::vector<int> words = [] {
    std::vector<int> list;
    for (const auto& kernel : kernelTable()) list.push_back(fixedWordsOf(kernel.fields));
    return list;
  }();
  return words;
}

// Throws unless the words are whole commands whose kernels, slots, types and sizes there are.
void checkCommands(const int32_t* words, size_t count) {
  for (size_t at = 0; at < count;) {
    const int32_t* command = words + at;
    const size_t left = count - at;
    const int32_t kernel = command[0];
    if (kernel < 0) {
      const bool known = kernel == kFree || kernel == kBeginStep || kernel == kEndStep;
      if (!known || left < lengthOf(command)) throw std::runtime_error("a command is none");
      if (kernel == kFree) expectSlot(command[1], 0);
      at += lengthOf(command);
      continue;
    }
    if (static_cast<size_t>(kernel) >= parameterWords().size() || left < 4) {
      throw std::runtime_error("a command is of a kernel that there is not");
    }
    const size_t inputs = static_cast<uint32_t>(command[1]);
    const size_t outputs = static_cast<uint32_t>(command[2]);
    const size_t parameters = static_cast<uint32_t>(command[3]);
    if (inputs > left || outputs > left || parameters > left ||
        4 + inputs + 3 * outputs + parameters > left ||
        parameters < static_cast<size_t>(parameterWords()[kernel])) {
      throw std::runtime_error("a command of " + kernelTable()[kernel].name + " is too short");
    }
    for (size_t i = 0; i < inputs; i++) expectSlot(command[4 + i], -1);
    for (const int32_t* result = command + 4 + inputs; result < command + 4 + inputs + 3 * outputs;
         result += 3) {
      expectSlot(result[0], 0);
      if (result[1] < 0 || result[1] > static_cast<int>(DType::UInt8) || result[2] < 0) {
        throw std::runtime_error("a result of " + kernelTable()[kernel].name + " is no tensor");
      }
    }
    at += 4 + inputs + 3 * outputs + parameters;
  }
}

// A step that begins at `at`: where it ends, before its end mark, and what its kernels are. It is
// `whole` if there is an end mark and nothing but kernels before it.
struct Step {
  size_t end;
  bool whole = false;
  bool broken = false;  // by a task
  uint64_t signature = 14695981039346656037u;
};

Step findStep(const std::vector<int32_t>& words, size_t at) {
  Step step;
  // FNV-1a, of what the kernels are and of the sizes of their results.
  const auto add = [&](int32_t word) {
    step.signature = (step.signature ^ static_cast<uint32_t>(word)) * 1099511628211u;
  };
  for (step.end = at; step.end < words.size(); step.end += lengthOf(&words[step.end])) {
    const int32_t* command = &words[step.end];
    if (command[0] == kEndStep) {
      step.whole = true;
      break;
    }
    if (command[0] == kTask) {
      step.broken = true;
      break;
    }
    if (command[0] < 0) continue;
    for (int i = 0; i < 3; i++) add(command[i]);
    for (int i = 0; i < command[2]; i++) {
      add(command[4 + command[1] + 3 * i + 1]);
      add(command[4 + command[1] + 3 * i + 2]);
    }
  }
  return step;
}

}  // namespace

Stream::Stream(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {
  thread_ = std::thread([this] { loop(); });
}

Stream::~Stream() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  // It may still owe answers, which need the members below.
  engine_.reset();
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
  checkCommands(words, count);
  append([&](Work& work) { work.words.insert(work.words.end(), words, words + count); });
}

void Stream::enqueue(std::function<void()> task) {
  append([&](Work& work) {
    work.words.push_back(kTask);
    work.tasks.push_back(std::move(task));
  });
}

void Stream::write(int32_t number, DType dtype, const void* values, int64_t size) {
  hold(number, engine_->upload(dtype, values, size));
}

void Stream::hold(int32_t number, std::function<Tensor()> make) {
  expectSlot(number, -1);
  enqueue([this, number, make = std::move(make)] {
    Tensor tensor = make();
    if (number >= 0) slot(number) = std::move(tensor);
  });
}

void Stream::read(int32_t number, void* into, int64_t size, size_t width, Done done) {
  enqueue([this, number, into, size, width, done = withEarlierError(std::move(done))] {
    const bool known = number >= 0 && static_cast<size_t>(number) < slots_.size();
    const Tensor tensor = known ? slots_[number] : Tensor{};
    if (!tensor.exists() || tensor.size != size) {
      done(lastError_.empty()
               ? "expected a tensor of " + std::to_string(size) + " values to read but found " +
                     (tensor.exists() ? std::to_string(tensor.size) : "none")
               : lastError_);
      return;
    }
    if (width != (tensor.dtype == DType::UInt8 ? 1 : 4)) {
      done("expected to read values of " + std::string(nameOf(tensor.dtype)));
      return;
    }
    engine_->download(tensor, into, done);
  });
}

void Stream::sync(Done done) {
  enqueue([this, done = withEarlierError(std::move(done))] { engine_->whenDone(done); });
}

Done Stream::withEarlierError(Done done) {
  return [this, done = std::move(done)](const std::string& error) {
    const std::string earlier = takeError();
    done(earlier.empty() ? error : earlier);
  };
}

std::string Stream::takeError() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string error;
  std::swap(error, error_);
  return error;
}

void Stream::trim() {
  enqueue([this] { engine_->trim(); });
}

std::vector<CandidateTime> Stream::timeCandidates(const DescribedCall& call,
                                                  const TimeLimit& limit) {
  std::promise<std::vector<CandidateTime>> answer;
  enqueue([&] {
    try {
      answer.set_value(engine_->timeCandidates(call, limit));
    } catch (...) {
      answer.set_exception(std::current_exception());
    }
  });
  return answer.get_future().get();
}

void Stream::choose(const std::string& key, const std::string& candidate) {
  enqueue([this, key, candidate] {
    auto& choices = engine_->context().choices;
    if (candidate.empty()) {
      choices.erase(key);
    } else {
      choices[key] = candidate;
    }
  });
}

void Stream::join(Communicator* communicator) {
  enqueue([this, communicator] { engine_->context().communicator = communicator; });
}

void Stream::profile(bool on) {
  enqueue([this, on] { profiling_ = on; });
}

std::vector<Stream::Timing> Stream::takeTimings() {
  const std::vector<double> marks = engine_->takeMarks();
  std::vector<Timing> timings;
  for (size_t i = 0; i < timed_.size(); i++) {
    timings.push_back({timed_[i], marks.at(2 * i), marks.at(2 * i + 1)});
  }
  timed_.clear();
  return timings;
}

void Stream::remember(const std::string& error) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (error_.empty()) error_ = error;
  if (lastError_.empty()) lastError_ = error;
}

Tensor& Stream::slot(int32_t number) {
  if (number < 0) throw std::runtime_error("negative slot");
  if (static_cast<size_t>(number) >= slots_.size()) slots_.resize(number + 1);
  return slots_[number];
}

void Stream::loop() {
  engine_->enter();
  Work work;
  for (;;) {
    work.words.clear();
    work.tasks.clear();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !pending_.words.empty(); });
      if (stopping_) break;
      std::swap(work, pending_);
      while (endsWithinStep(work) && !stopping_) {
        wake_.wait(lock, [this] { return stopping_ || !pending_.words.empty(); });
        work.words.insert(work.words.end(), pending_.words.begin(), pending_.words.end());
        std::move(pending_.tasks.begin(), pending_.tasks.end(), std::back_inserter(work.tasks));
        pending_.words.clear();
        pending_.tasks.clear();
      }
      if (stopping_) break;
    }
    execute(work);
  }
  slots_.clear();
  try {
    engine_->trim();
  } catch (const std::exception&) {
    // A device that is lost has nothing to give back.
  }
}

void Stream::execute(Work& work) {
  size_t nextTask = 0;
  for (size_t at = 0; at < work.words.size();) {
    if (work.words[at] == kBeginStep) {
      engine_->context().inStep = true;
      at += executeStep(work, at);
      continue;
    }
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

bool Stream::endsWithinStep(const Work& work) const {
  if (!engine_->joinsSteps()) return false;
  for (size_t at = 0; at < work.words.size();) {
    if (work.words[at] != kBeginStep) {
      at += lengthOf(&work.words[at]);
      continue;
    }
    const Step step = findStep(work.words, at + 1);
    if (!step.whole && !step.broken) return true;
    at = step.end;
  }
  return false;
}

size_t Stream::executeStep(const Work& work, size_t at) {
  if (!engine_->joinsSteps() || profiling_) return 1;
  const Step step = findStep(work.words, at + 1);
  if (!step.whole) return 1;
  try {
    engine_->beginStep(step.signature);
    for (size_t i = at + 1; i < step.end;) i += executeCommand(&work.words[i]);
    engine_->endStep();
  } catch (const std::exception& error) {
    remember(error.what());
  }
  engine_->context().inStep = false;
  return step.end + 1 - at;
}

size_t Stream::executeCommand(const int32_t* words) {
  if (words[0] == kFree) {
    slot(words[1]) = Tensor{};
    return 2;
  }
  if (words[0] == kEndStep) {
    engine_->context().inStep = false;
    return 1;
  }
  return profiling_ ? timeKernel(words) : executeKernel(words);
}

size_t Stream::timeKernel(const int32_t* words) {
  engine_->mark();
  const size_t count = executeKernel(words);
  engine_->mark();
  timed_.push_back(words[0]);
  return count;
}

size_t Stream::executeKernel(const int32_t* words) {
  const KernelBodies& kernel = kernelTable()[words[0]];
  int inputs = words[1];
  int outputs = words[2];
  int parameters = words[3];
  const int32_t* slots = words + 4;
  const int32_t* results = slots + inputs;
  Context& context = engine_->context();
  try {
    inputs_.clear();
    for (int i = 0; i < inputs; i++) {
      inputs_.push_back(slots[i] < 0 ? Tensor{} : slot(slots[i]));
      if (slots[i] >= 0 && !inputs_.back().exists()) {
        // What went wrong before is why, even where an answer has told it already.
        throw std::runtime_error(lastError_.empty()
                                     ? "input " + std::to_string(i) + " holds no values"
                                     : "without an input, because " + lastError_);
      }
    }
    outputs_.clear();
    for (int i = 0; i < outputs; i++) {
      const int32_t* result = results + 3 * i;
      outputs_.push_back(Tensor::create(&context.pool, static_cast<DType>(result[1]), result[2]));
    }
    runKernel(kernel,
              {context, kernel.name.c_str(), inputs_, outputs_, results + 3 * outputs, parameters});
    for (int i = 0; i < outputs; i++) slot(results[3 * i]) = outputs_[i];
  } catch (const std::bad_alloc&) {
    remember(kernel.name + ": " + outOfMemory(*engine_));
  } catch (const std::exception& error) {
    remember(kernel.name + ": " + error.what());
  }
  inputs_.clear();
  outputs_.clear();
  return 4 + inputs + 3 * outputs + parameters;
}

}  // namespace cnn
