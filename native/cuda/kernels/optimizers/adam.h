// What AdamW and LAMB share.
#pragma once
#include <cmath>

#include "weights.h"

namespace cnn::cuda {

struct Moments {
  explicit Moments(const AdamParams& params)
      : beta1(params.beta1),
        beta2(params.beta2),
        epsilon(params.epsilon),
        rate(1 / params.correction1),
        root(1 / std::sqrt(params.correction2)) {}
  Moments() = default;
  __device__ void update(float* state, float g) const {
    state[0] = beta1 * state[0] + (1 - beta1) * g;
    state[1] = beta2 * state[1] + (1 - beta2) * g * g;
  }
  // The step of Adam, of the length 1.
  __device__ float step(const float* state) const {
    return rate * state[0] / (sqrtf(state[1]) * root + epsilon);
  }
  float beta1, beta2, epsilon, rate, root;
};

}  // namespace cnn::cuda
