#include "choices_binding.h"

#include "candidates.h"
#include "stream_method.h"

namespace cnn {
namespace {

// timeCandidates(kernel, tensors, words, seconds, times): [name, seconds, spread, whether its
// result agrees with the fixed table's, …], the fixed table's first; a time is infinite where there
// was none.
napi_value timeCandidates(napi_env env, Stream& stream, const Arguments& arguments) {
  napi_value list;
  NAPI_CHECK(napi_create_array(env, &list));
  uint32_t index = 0;
  const auto append = [&](napi_value value) {
    NAPI_CHECK(napi_set_element(env, list, index++, value));
  };
  const DescribedCall call = describedCall(arguments, 0);
  const TimeLimit limit{arguments.real(3), arguments.real(4)};
  for (const auto& [name, seconds, spread, agrees] : stream.timeCandidates(call, limit)) {
    napi_value agreement;
    NAPI_CHECK(napi_get_boolean(env, agrees, &agreement));
    append(string(env, name));
    append(number(env, seconds));
    append(number(env, spread));
    append(agreement);
  }
  return list;
}

// choose(kernel, tensors, words, name): which candidate computes a call from now on; an empty name
// leaves it to the fixed table.
napi_value choose(napi_env env, Stream& stream, const Arguments& arguments) {
  const DescribedCall call = describedCall(arguments, 0);
  std::string types;
  for (const auto* kinds : {&call.inputs, &call.outputs}) {
    for (const auto& kind : *kinds) {
      types += kind.type < 0 ? '-' : static_cast<char>('0' + kind.type);
    }
  }
  stream.choose(choiceKey(call.kernel.name, types, call.words.data(), call.words.size()),
                textOf(env, arguments.values[3]));
  return nullptr;
}

}  // namespace

void defineChoices(napi_env env, napi_value device, Stream& stream) {
  define(env, device, "timeCandidates", streamMethod<timeCandidates>, &stream);
  define(env, device, "choose", streamMethod<choose>, &stream);
}

}  // namespace cnn
