#include "compiled.h"

namespace cnn::cuda {
namespace {

std::string keyOf(const ConvolutionRequest& request, const Way& way, const Engine& engine) {
  return std::string("plan of engine ") + engine.identity + " for " + nameOf(way.pass) + " of " +
         describe(request);
}

}  // namespace

std::optional<Plan> makePlan(const ConvolutionRequest& request, const Way& way,
                             const Engine& engine, const Target& target, const Choices& choices) {
  if (engine.compiledAtRunTime) {
    const auto json = choices.find(keyOf(request, way, engine));
    auto plan = json ? Plan::load(*json, target) : std::nullopt;
    if (plan) return plan;
  }
  return Plan::make(engine, target);
}

void keepPlan(const ConvolutionRequest& request, const Way& way, const Engine& engine,
              const Plan& plan, Choices& choices) {
  choices.add(keyOf(request, way, engine), plan.json());
}

}  // namespace cnn::cuda
