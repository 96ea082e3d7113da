#include "checks/optimizers.h"

#include "checks/expect.h"

namespace cnn {
namespace {

// Each weight with `state` tensors of its size and its gradient, and perhaps the factor of all
// gradients.
template <class Params>
void expectWeights(const Call& call, size_t state) {
  const size_t group = state + 2, count = call.inputs.size() / group,
               rest = call.inputs.size() % group;
  if (rest > 1) throw std::runtime_error("expected as many inputs of each weight");
  expectExists(call, 0, call.inputs.size() - 1);
  expectWords(call, fixedWords<Params>() + 2 * static_cast<int64_t>(count));
  for (size_t i = 0; i < count * group; i++) {
    const bool gradient = i % group == group - 1;
    expectInput(call, i, gradient ? Of::Floats : Of::Float32, {call.inputs[i - i % group].size});
  }
  if (rest == 1) expectInput(call, count * group, Of::Float32, {1});
}

}  // namespace

void checkSgd(const Call& call) { expectWeights<SgdParams>(call, 1); }
void checkRmsProp(const Call& call) { expectWeights<RmsPropParams>(call, 2); }
void checkLars(const Call& call) { expectWeights<LarsParams>(call, 1); }
void checkAdam(const Call& call) { expectWeights<AdamParams>(call, 2); }

void checkGradientClip(const Call& call) {
  expectExists(call, 0, call.inputs.size() - 1);
  for (size_t i = 0; i < call.inputs.size(); i++) {
    expectInput(call, i, Of::Floats, {call.inputs[i].size});
  }
  expectOutput(call, 0, Of::Float32, {1});
}

// Pairs: what changes, and what is added to it.
void checkAccumulate(const Call& call) {
  if (call.inputs.size() % 2 != 0) throw std::runtime_error("expected pairs of inputs");
  expectExists(call, 0, call.inputs.size() - 1);
  for (size_t i = 0; i < call.inputs.size(); i += 2) {
    const int64_t size = call.inputs[i].size;
    expectInput(call, i, Of::Float32, {size});
    expectInput(call, i + 1, Of::Floats, {size});
  }
}

}  // namespace cnn
