#include "engines.h"

#include <algorithm>
#include <set>

namespace cnn::cuda {
namespace {

using Notes = std::vector<int>;

bool has(const Notes& notes, int note) {
  return std::find(notes.begin(), notes.end(), note) != notes.end();
}

bool compiledAtRunTime(const Notes& behavior) {
  return has(behavior, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION);
}

bool allowed(const Notes& notes, const Notes& behavior, EngineRules rules) {
  if (rules.deterministic && has(notes, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return false;
  // Sums stay float32, and a transform that loses digits is none of ours.
  for (int note :
       {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6,
        CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13}) {
    if (has(notes, note)) return false;
  }
  // The ReLU of engines that are compiled at run time selects x unless x < 0 (FSETP.GEU in their
  // machine code), so that NaN passes. Of the others only some promise it.
  const bool keepsNaN =
      compiledAtRunTime(behavior) || has(notes, CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP);
  if (rules.keepsNaN && !keepsNaN) return false;
  // Tensor cores take float32 as TF32 at best.
  if (!rules.float32 || rules.tf32) return true;
  return !has(notes, CUDNN_NUMERICAL_NOTE_TENSOR_CORE) &&
         !has(notes, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
}

// The engine and its knobs, which tell two configurations apart.
std::string identify(const Descriptor& config, int64_t engine) {
  std::string text = std::to_string(engine);
  for (const auto& choice : config.descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                               CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR)) {
    const auto types = choice.enums(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE);
    text += "/" + std::to_string(types.at(0)) + "=" +
            std::to_string(choice.number(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
  }
  return text;
}

std::vector<Descriptor> configurations(const Descriptor& graph, const Target& target,
                                       cudnnBackendHeurMode_t mode) {
  Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (target.handle == nullptr) heuristic.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, target.properties);
  if (!heuristic.tryFinalize()) return {};
  return heuristic.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
}

}  // namespace

std::vector<Engine> findEngines(const Descriptor& graph, const Target& target, EngineRules rules) {
  std::vector<Engine> engines;
  std::set<std::string> known;
  for (auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK}) {
    for (const auto& config : configurations(graph, target, mode)) {
      const Descriptor engine =
          config.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR).at(0);
      const int64_t index = engine.number(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
      const Notes notes = engine.enums(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE);
      const Notes behavior =
          engine.enums(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE);
      if (!allowed(notes, behavior, rules)) continue;
      const std::string identity = identify(config, index);
      if (!known.insert(identity).second) continue;
      engines.push_back({config, index, identity, compiledAtRunTime(behavior)});
    }
  }
  return engines;
}

}  // namespace cnn::cuda
