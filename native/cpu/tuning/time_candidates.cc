// Times the candidates for a call: in turn, so that each of them finds the caches as another kernel
// left them, and with weights that have changed, as in training.
#include "time_candidates.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "candidates.h"
#include "checks/call_check.h"
#include "common/conversion.h"
#include "numbers.h"

namespace cnn {
namespace {

constexpr int kRounds = 5;
// A candidate that took this many times as long as the fastest in one round is out.
constexpr double kHopeless = 1.5;

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Candidate {
  std::string name;
  bool fixed;
  bool agrees = true;
  std::vector<double> times = {};

  // The time that the share `part` of the runs did not exceed.
  double quantile(double part) const {
    if (times.empty()) return std::numeric_limits<double>::infinity();
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
  }
  // The lower quartile: what else runs on the machine only lengthens a run.
  double seconds() const { return quantile(0.25); }
  double spread() const { return times.empty() ? 1 : quantile(0.5) / quantile(0); }
};

class Race {
 public:
  Race(Context& context, const DescribedCall& described, const TimeLimit& limit)
      : context_(context),
        described_(described),
        inputs_(createTensors(context.pool, described.inputs)),
        outputs_(createTensors(context.pool, described.outputs)),
        call_(described.with(context, inputs_, outputs_)),
        start_(Clock::now()),
        limit_(limit) {
    checkCall(call_);
    uint32_t seed = 1;
    for (const Tensor& input : inputs_) {
      if (input.exists()) fillRandomly(input, seed++);
    }
  }

  std::vector<CandidateTime> run() {
    const char* fixed = runFixed(described_.kernel, call_);
    if (fixed == nullptr) throw std::runtime_error("no kernel takes this call");
    candidates_.push_back({fixed, true});
    time(candidates_[0]);
    const std::vector<Tensor> wanted = outputs_;
    outputs_ = createTensors(context_.pool, described_.outputs);
    for (const auto& name : candidateNames(described_.kernel, context_.device)) {
      if (name != fixed) enter(name, wanted);
    }
    for (int round = 0; round < kRounds && candidates_.size() > 1; round++) {
      for (Candidate& candidate : candidates_) {
        if (isIn(candidate)) time(candidate);
      }
    }
    std::vector<CandidateTime> times;
    for (const Candidate& candidate : candidates_) {
      times.push_back({candidate.name, candidate.seconds(), candidate.spread(), candidate.agrees});
    }
    return times;
  }

 private:
  // Adds a candidate that can compute the call, and looks at its result.
  void enter(const std::string& name, const std::vector<Tensor>& wanted) {
    if (isOver()) return;
    for (const Tensor& output : outputs_) std::memset(output.raw(), 0xff, output.bytes());
    Candidate candidate{name, false};
    try {
      if (!runCandidate(described_.kernel, call_, name)) return;
    } catch (const std::exception&) {
      return;  // oneDNN has none
    }
    for (size_t i = 0; i < outputs_.size(); i++) {
      candidate.agrees = candidate.agrees && agree(outputs_[i], wanted[i], inputs_[0].dtype);
    }
    candidates_.push_back(candidate);
  }

  // Whether it runs in the next round: not once time is over, unless it has no time yet.
  bool isIn(const Candidate& candidate) const {
    if (!candidate.agrees) return false;
    if (candidate.times.empty()) return true;
    double fastest = std::numeric_limits<double>::infinity();
    for (const Candidate& other : candidates_) fastest = std::min(fastest, other.seconds());
    return !isOver() && candidate.seconds() < kHopeless * fastest;
  }

  bool isOver() const {
    return since(start_) > limit_.seconds + limit_.times * candidates_[0].seconds();
  }

  void time(Candidate& candidate) {
    // What is kept of other values is none of these: copies of weights, bounds of inputs.
    for (const Tensor& input : inputs_) {
      if (input.exists()) input.storage->version++;
    }
    const auto start = Clock::now();
    if (candidate.fixed) {
      runFixed(described_.kernel, call_);
    } else {
      runCandidate(described_.kernel, call_, candidate.name);
    }
    candidate.times.push_back(since(start));
  }

  Context& context_;
  const DescribedCall& described_;
  std::vector<Tensor> inputs_, outputs_;
  Call call_;
  std::vector<Candidate> candidates_;
  Clock::time_point start_;
  TimeLimit limit_;
};

}  // namespace

std::vector<CandidateTime> timeCandidates(Context& context, const DescribedCall& call,
                                          const TimeLimit& limit) {
  return Race(context, call, limit).run();
}

}  // namespace cnn
