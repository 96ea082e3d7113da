// How optimizers change one weight w and its state by its gradient g, on all devices. A rule has a
// constant kState, the number of values in the state, and update(w, state, g, rates).
#pragma once
#include <cmath>

#include "bf16.h"
#include "params.h"

namespace cnn {

// Of one weight.
struct Rates {
  float decay, lr;
};

namespace {  // a copy for each instruction set

// A scaled gradient. Where nothing is scaled nothing is rounded either, in whatever way the
// compiler joins multiplications and additions.
CNN_HOST_DEVICE inline float scaled(float gradient, float scale) {
  return scale == 1.0f ? gradient : scale * gradient;
}

// PyTorch's rule: g += decay * w; m = momentum * m + g; w -= lr * (nesterov ? g + momentum * m : m)
struct PyTorchRule {
  static constexpr int kState = 1;
  CNN_HOST_DEVICE void update(float& w, float* state, float g, const Rates& rates) const {
    const float gradient = g + rates.decay * w;
    state[0] = momentum * state[0] + gradient;
    w -= rates.lr * (nesterov ? gradient + momentum * state[0] : state[0]);
  }
  float momentum;
  bool nesterov;
};

// Krizhevsky et al., 2012, section 5, and Caffe: v = momentum * v - lr * (g + decay * w); w += v.
// With Nesterov's momentum, in Caffe, w += (1 + momentum) * v - momentum * old v.
struct CaffeRule {
  static constexpr int kState = 1;
  CNN_HOST_DEVICE void update(float& w, float* state, float g, const Rates& rates) const {
    const float old = state[0];
    const float velocity = momentum * old - rates.lr * (g + rates.decay * w);
    state[0] = velocity;
    w += nesterov ? velocity + momentum * (velocity - old) : velocity;
  }
  float momentum;
  bool nesterov;
};

// LARS (You, Gitman, Ginsburg, "Large Batch Training of Convolutional Networks", 2017, algorithm 1)
// with the rate outside of the momentum, as in timm: PyTorch's rule of ratio * (g + decay * w).
struct LarsStep {
  static constexpr int kState = 1;
  LarsStep() = default;
  explicit LarsStep(const LarsParams& params)
      : rule{params.momentum, params.nesterov != 0},
        trust(static_cast<double>(params.trust)),
        epsilon(static_cast<double>(params.epsilon)) {}
  // By the sums of squares of a weight and of its gradient. A weight without decay, a bias in most
  // trainings, keeps its own.
  CNN_HOST_DEVICE float ratio(double ofWeight, double ofGradient, float decay) const {
    if (decay == 0 || !(ofWeight > 0) || !(ofGradient > 0)) return 1;
    const double norm = sqrt(ofWeight), others = static_cast<double>(decay) * norm + epsilon;
    return static_cast<float>(trust * norm / (sqrt(ofGradient) + others));
  }
  CNN_HOST_DEVICE void update(float& w, float* state, float g, const Rates& rates,
                              float ratio) const {
    rule.update(w, state, ratio * (g + rates.decay * w), {0, rates.lr});
  }
  PyTorchRule rule;
  double trust, epsilon;
};

// RMSprop with momentum as in PyTorch: g += decay * w; s = alpha * s + (1 - alpha) * g²;
// m = momentum * m + g / (√s + epsilon); w -= lr * m.
struct RmsPropRule {
  static constexpr int kState = 2;
  CNN_HOST_DEVICE void update(float& w, float* state, float g, const Rates& rates) const {
    const float gradient = g + rates.decay * w;
    state[0] = alpha * state[0] + (1 - alpha) * gradient * gradient;
    state[1] = momentum * state[1] + gradient / (sqrtf(state[0]) + epsilon);
    w -= rates.lr * state[1];
  }
  float alpha, epsilon, momentum;
};

// Adam's moments m and v, which AdamW and LAMB have.
struct Moments {
  Moments() = default;
  explicit Moments(const AdamParams& params)
      : beta1(params.beta1),
        beta2(params.beta2),
        epsilon(params.epsilon),
        rate(1 / params.correction1),
        root(1 / std::sqrt(params.correction2)) {}
  CNN_HOST_DEVICE void update(float& m, float& v, float g) const {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
  }
  // (m / correction1) / (√(v / correction2) + epsilon)
  CNN_HOST_DEVICE float step(float m, float v) const {
    return rate * m / (sqrtf(v) * root + epsilon);
  }
  float beta1, beta2, epsilon, rate, root;
};

// AdamW as in PyTorch (Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019).
struct AdamWRule {
  static constexpr int kState = 2;
  CNN_HOST_DEVICE void update(float& w, float* state, float g, const Rates& rates) const {
    moments.update(state[0], state[1], g);
    w = (1 - rates.lr * rates.decay) * w - rates.lr * moments.step(state[0], state[1]);
  }
  Moments moments;
};

}  // namespace
}  // namespace cnn
