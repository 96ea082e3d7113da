#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/device.h"
#include "cuda/emulated/stream.h"

// Saves the callee's registers on this stack and goes on on another one.
extern "C" void cnnSwitchFiber(void** from, void* to);
#if defined __x86_64__
asm(".text\n.globl cnnSwitchFiber\n.hidden cnnSwitchFiber\ncnnSwitchFiber:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
#else
#error "the emulation of CUDA is written for x86-64"
#endif

namespace cnn::cuda::emulated {
namespace {

enum class State { Ready, AtBlock, AtWarp, Done };
constexpr size_t kStack = 64 << 10;

struct Fiber {
  Thread thread;
  State state;
  unsigned id;
  void* stackPointer;
  std::unique_ptr<char[]> stack;
};
struct WarpState {
  unsigned arrived;
  uint64_t values[32];
};
struct Shared {
  const void* key;
  std::unique_ptr<char[]> memory;
};

// The block that runs.
struct Machine {
  Grid grid;
  std::vector<Fiber> fibers;
  std::vector<WarpState> warps;
  std::vector<Shared> shared;
  Fiber* current = nullptr;
  void* scheduler = nullptr;
  const void* mainBottom = nullptr;
  size_t mainSize = 0;
  unsigned waitingBlock = 0;
  const std::function<void()>* body = nullptr;
  std::string failure;
};

// One for all streams, which take turns: kernels read it all the time, and a variable of a thread
// is slow to reach from an addon.
std::mutex turn;
Machine* machine = nullptr;

void go(void** from, void* to, [[maybe_unused]] const void* bottom, [[maybe_unused]] size_t size) {
#ifdef __SANITIZE_ADDRESS__
  void* fake;
  __sanitizer_start_switch_fiber(&fake, bottom, size);
  cnnSwitchFiber(from, to);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
  cnnSwitchFiber(from, to);
#endif
}

void yield() {
  go(&machine->current->stackPointer, machine->scheduler, machine->mainBottom, machine->mainSize);
}

std::string at(const dim3& place) {
  return "(" + std::to_string(place.x) + ", " + std::to_string(place.y) + ", " +
         std::to_string(place.z) + ")";
}

void fail(const char* what, const Fiber& fiber) {
  machine->failure =
      "block " + at(machine->grid.block) + ", thread " + at(fiber.thread.index) + " " + what;
}

void runFiber() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &machine->mainBottom, &machine->mainSize);
#endif
  (*machine->body)();
  machine->current->state = State::Done;
  yield();
}

void start(Fiber& fiber) {
  if (!fiber.stack) fiber.stack.reset(new char[kStack]);
  // What ran on it before never returned, so that its frames are still marked.
  ASAN_UNPOISON_MEMORY_REGION(fiber.stack.get(), kStack);
  void** top = reinterpret_cast<void**>(fiber.stack.get() + kStack - 64);
  *--top = nullptr;  // runFiber never returns; this aligns its stack
  *--top = reinterpret_cast<void*>(runFiber);
  for (int i = 0; i < 6; i++) *--top = nullptr;
  fiber.stackPointer = top;
  fiber.state = State::Ready;
}

// Whether any of these lanes could go on.
bool runWarp(const unsigned* lanes, size_t count, size_t& done) {
  bool progress = false;
  for (size_t i = 0; i < count && machine->failure.empty(); i++) {
    machine->current = &machine->fibers[lanes[i]];
    if (machine->current->state != State::Ready) continue;
    progress = true;
    go(&machine->scheduler, machine->current->stackPointer, machine->current->stack.get(), kStack);
    done += machine->current->state == State::Done;
  }
  return progress;
}

void findWhoWaits(size_t done) {
  for (const Fiber& fiber : machine->fibers) {
    if (fiber.state == State::AtWarp) {
      return fail("waits in a warp operation that other lanes of its mask never reach", fiber);
    }
    if (fiber.state == State::AtBlock && done > 0) {
      return fail("waits at __syncthreads, but other threads have ended", fiber);
    }
  }
  machine->failure = "no thread can go on";
}

void runBlock(const std::vector<unsigned>& sequence) {
  machine->shared.clear();
  machine->waitingBlock = 0;
  for (WarpState& warp : machine->warps) warp.arrived = 0;
  for (Fiber& fiber : machine->fibers) start(fiber);
  for (size_t done = 0; done < machine->fibers.size();) {
    bool progress = false;
    for (size_t warp = 0; warp < sequence.size(); warp += 32) {
      const size_t lanes = std::min<size_t>(32, sequence.size() - warp);
      while (runWarp(&sequence[warp], lanes, done)) progress = true;
    }
    if (!progress && machine->failure.empty()) findWhoWaits(done);
    if (!machine->failure.empty()) throw std::runtime_error(machine->failure);
  }
}

// Full warps change places, and the lanes in each.
void shuffleWarps(std::vector<unsigned>& sequence, std::mt19937& random) {
  for (size_t warps = sequence.size() / 32; warps > 0; warps--) {
    const auto last = sequence.begin() + static_cast<ptrdiff_t>(warps - 1) * 32;
    std::swap_ranges(last, last + 32, sequence.begin() + random() % warps * 32);
    std::shuffle(last, last + 32, random);
  }
}

void prepare(const dim3& block, unsigned threads) {
  machine->fibers.resize(threads);
  machine->warps.assign((threads + 31) / 32, {});
  for (unsigned i = 0; i < threads; i++) {
    Fiber& fiber = machine->fibers[i];
    fiber.id = i;
    fiber.thread = {{i % block.x, i / block.x % block.y, i / (block.x * block.y)}, i % 32};
  }
}

// Runs every block, in the order that CNN_EMULATED_ORDER draws: 0 ascending, 1 descending warps and
// lanes, others at random.
void runGrid(const dim3& size, const dim3& block, const std::function<void()>& body) {
  static const unsigned order = orderOfThreads();
  std::lock_guard<std::mutex> lock(turn);
  Machine here;
  machine = &here;
  here.body = &body;
  here.grid = {{0, 0, 0}, block, size};
  prepare(block, block.x * block.y * block.z);
  std::vector<unsigned> sequence(here.fibers.size());
  std::iota(sequence.begin(), sequence.end(), 0u);
  if (order == 1) std::reverse(sequence.begin(), sequence.end());
  std::mt19937 random(order);
  const uint64_t blocks = uint64_t{size.x} * size.y * size.z;
  for (uint64_t i = 0; i < blocks; i++) {
    const uint64_t number = order == 0 ? i : blocks - 1 - i;
    here.grid.block = {static_cast<unsigned>(number % size.x),
                       static_cast<unsigned>(number / size.x % size.y),
                       static_cast<unsigned>(number / size.x / size.y)};
    if (order > 1) shuffleWarps(sequence, random);
    runBlock(sequence);
  }
}

void waitForWarp(unsigned mask) {
  Fiber& current = *machine->current;
  WarpState& warp = machine->warps[current.id / 32];
  const unsigned first = current.id / 32 * 32;
  if (!(mask >> current.thread.lane & 1)) {
    fail("is not in the mask of its own warp operation", current);
    yield();
  }
  const unsigned lanes =
      std::min<unsigned>(32, static_cast<unsigned>(machine->fibers.size()) - first);
  const unsigned wanted = lanes == 32 ? mask : mask & ((1u << lanes) - 1);
  warp.arrived |= 1u << current.thread.lane;
  if ((warp.arrived & wanted) == wanted) {
    warp.arrived &= ~wanted;
    for (unsigned lane = 0; lane < lanes; lane++) {
      Fiber& other = machine->fibers[first + lane];
      if (wanted >> lane & 1 && other.state == State::AtWarp) other.state = State::Ready;
    }
    return;
  }
  current.state = State::AtWarp;
  yield();
}

// Adds the name to the file that CNN_EMULATED_LAUNCHES names, once in a process.
void noteLaunch(const char* kernel) {
  static const char* const path = std::getenv("CNN_EMULATED_LAUNCHES");
  if (path == nullptr) return;
  static std::mutex mutex;
  static std::set<std::string> known;
  std::lock_guard<std::mutex> lock(mutex);
  if (known.insert(kernel).second) std::ofstream(path, std::ios::app) << kernel << '\n';
}

}  // namespace

Thread& thread() { return machine->current->thread; }
Grid& grid() { return machine->grid; }

void* shared(const void* key, size_t bytes) {
  for (const Shared& known : machine->shared) {
    if (known.key == key) return known.memory.get();
  }
  machine->shared.push_back({key, std::unique_ptr<char[]>(new char[bytes])});
  char* memory = machine->shared.back().memory.get();
  std::memset(memory, 0xFF, bytes);
  return memory;
}

void syncBlock() {
  if (++machine->waitingBlock == machine->fibers.size()) {
    machine->waitingBlock = 0;
    for (Fiber& fiber : machine->fibers) {
      if (fiber.state == State::AtBlock) fiber.state = State::Ready;
    }
    return;
  }
  machine->current->state = State::AtBlock;
  yield();
}

const uint64_t* exchange(unsigned mask, uint64_t value) {
  WarpState& warp = machine->warps[machine->current->id / 32];
  warp.values[machine->current->thread.lane] = value;
  waitForWarp(mask);
  return warp.values;
}

void releaseWarp(unsigned mask) { waitForWarp(mask); }

void launch(const char* kernel, dim3 grid, dim3 block, StreamHandle stream,
            std::function<void()> body) {
  noteLaunch(kernel);
  const unsigned threads = block.x * block.y * block.z;
  if (threads == 0 || threads > 1024 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.y > 65535 || grid.z > 65535) {
    throw std::runtime_error(std::string(kernel) + ": no GPU takes a grid of " + at(grid) +
                             " and blocks of " + at(block));
  }
  enqueue(stream, kernel, [grid, block, body = std::move(body)] { runGrid(grid, block, body); });
}

}  // namespace cnn::cuda::emulated
