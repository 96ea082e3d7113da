#include "checks/channels.h"

#include "checks/expect.h"

namespace cnn {
namespace {

// x, gamma, beta, mean, variance and the residual; gamma, beta and the residual may be none.
template <class Params>
int64_t expectNormalised(const Call& call) {
  const Params& p = paramsOf<Params>(call);
  expectActivation(p.activation, Activation::Relu);
  expectPlaces(call, 6, 6);
  expectExists(call, 3, 4);
  const int64_t size = product({p.rows, p.channels});
  expectInput(call, 0, Of::Floats, {size});
  for (size_t i = 1; i < 5; i++) expectInput(call, i, Of::Float32, {p.channels});
  expectInput(call, 5, Of::Floats, {size});
  expectOutputLike(call, 0, 0, {size});
  return p.channels;
}

// Of the first channels in rows of `stride`: vectors of at least these, float32.
template <class Params>
void expectVectors(const Call& call, size_t first, size_t last) {
  const Params& p = paramsOf<Params>(call);
  for (size_t i = first; i <= last && i < call.inputs.size(); i++) {
    const int64_t size = call.inputs[i].size;
    expectInput(call, i, Of::Float32, {size < p.channels ? p.channels : size});
  }
}

template <class Params>
void expectSlice(const Call& call, size_t x) {
  const Params& p = paramsOf<Params>(call);
  expectActivation(p.activation, Activation::Relu);
  expectRange("channels", p.channels, 1, p.stride);
  expectInput(call, x, Of::Floats, {product({p.rows, p.stride})});
}

}  // namespace

// Without an activation only the gradient of the bias is computed.
void checkBiasActivationGrad(const Call& call) {
  const BiasActivationGradParams& p = paramsOf<BiasActivationGradParams>(call);
  expectActivation(p.activation, Activation::ScaledTanh);
  const int64_t size = product({p.rows, p.channels});
  expectInput(call, 0, Of::Floats, {size});
  const bool linear = p.activation == static_cast<int>(Activation::Linear);
  const size_t outputs = (linear ? 0 : 1) + (p.bias != 0 ? 1 : 0);
  if (call.outputs.size() != outputs) {
    throw std::runtime_error("expected " + std::to_string(outputs) + " outputs");
  }
  if (!linear) {
    expectExists(call, 1, 1);
    expectInput(call, 1, Of::Floats, {size});
    expectOutputLike(call, 0, 0, {size});
  }
  if (p.bias != 0) expectOutput(call, linear ? 0 : 1, Of::Float32, {p.channels});
}

void checkBatchNormTrain(const Call& call) {
  const int64_t channels = expectNormalised<BatchNormTrainParams>(call);
  for (size_t i = 1; i < 3; i++) expectOutput(call, i, Of::Float32, {channels});
}

void checkBatchNormInference(const Call& call) { expectNormalised<BatchNormInferenceParams>(call); }

// With a fourth output, the gradient of the residual, y is there too.
void checkBatchNormGrad(const Call& call) {
  const BatchNormGradParams& p = paramsOf<BatchNormGradParams>(call);
  expectActivation(p.activation, Activation::Relu);
  const int64_t size = product({p.rows, p.channels});
  for (size_t i = 0; i < 2; i++) expectInput(call, i, Of::Floats, {size});
  for (size_t i = 2; i < 6; i++) expectInput(call, i, Of::Float32, {p.channels});
  expectOutputLike(call, 0, 0, {size});
  for (size_t i = 1; i < 3; i++) expectOutput(call, i, Of::Float32, {p.channels});
  if (call.outputs.size() < 4) return;
  expectExists(call, 6, 6);
  expectInput(call, 6, Of::Floats, {size});
  if (call.inputs[6].dtype != call.inputs[1].dtype) {
    throw std::runtime_error("expected inputs 1 and 6 of the same type");
  }
  expectOutputLike(call, 3, 0, {size});
}

// The running mean and variance are both there or both none.
void checkBatchNormSlice(const Call& call) {
  const BatchNormSliceParams& p = paramsOf<BatchNormSliceParams>(call);
  expectSlice<BatchNormSliceParams>(call, 0);
  expectPlaces(call, 7, 7);
  expectVectors<BatchNormSliceParams>(call, 1, 6);
  if (call.inputs[5].exists()) expectExists(call, 6, 6);
  expectOutput(call, 0, Of::Floats, {product({p.rows, p.channels})});
}

// The gradient of x is a third output where the layer reads every channel, else it is added to
// input 6, if that is there.
void checkBatchNormSliceGrad(const Call& call) {
  const BatchNormSliceGradParams& p = paramsOf<BatchNormSliceGradParams>(call);
  expectSlice<BatchNormSliceGradParams>(call, 0);
  expectPlaces(call, 7, 7);
  const int64_t all = product({p.rows, p.stride});
  expectInput(call, 1, Of::Floats, {product({p.rows, p.channels})});
  expectVectors<BatchNormSliceGradParams>(call, 2, 5);
  for (size_t i = 0; i < 2; i++) expectOutput(call, i, Of::Float32, {p.channels});
  if (call.outputs.size() > 2) {
    expectRange("channels", p.channels, p.stride, p.stride);
    expectOutputLike(call, 2, 0, {all});
  } else if (call.inputs[6].exists()) {
    expectInput(call, 6, Of::Floats, {all});
    if (call.inputs[6].dtype != call.inputs[0].dtype) {
      throw std::runtime_error("expected inputs 0 and 6 of the same type");
    }
  }
}

// The joined maps with their means and variances are outputs, or inputs that change in place.
void checkAppendChannels(const Call& call) {
  const AppendChannelsParams& p = paramsOf<AppendChannelsParams>(call);
  expectRange("channels", p.channels, 1, p.stride);
  expectRange("an offset", p.offset, 0, p.stride - p.channels);
  expectInput(call, 0, Of::Floats, {product({p.rows, p.channels})});
  const bool first = !call.outputs.empty();
  if (first && call.outputs.size() != 3) throw std::runtime_error("expected 3 outputs");
  if (!first) expectExists(call, 1, 3);
  const auto expectJoined = first ? expectOutput : expectInput;
  const size_t from = first ? 0 : 1;
  expectJoined(call, from, Of::Floats, {product({p.rows, p.stride})});
  for (size_t i = 1; i < 3; i++) expectJoined(call, from + i, Of::Float32, {p.stride});
}

}  // namespace cnn
