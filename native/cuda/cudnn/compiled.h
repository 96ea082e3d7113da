// Plans that cuDNN compiles, each in seconds, made before they are needed.
#pragma once
#include "../tuning/choices.h"
#include "plan.h"
#include "ways.h"

namespace cnn::cuda {

// A plan of the engine for this way; from `choices` if they have it.
std::optional<Plan> makePlan(const ConvolutionRequest& request, const Way& way,
                             const Engine& engine, const Target& target, const Choices& choices);
// Keeps a plan for makePlan().
void keepPlan(const ConvolutionRequest& request, const Way& way, const Engine& engine,
              const Plan& plan, Choices& choices);

}  // namespace cnn::cuda
