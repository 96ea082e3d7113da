// Where new maps go, on all devices.
#pragma once
#include "dispatch.h"
#include "kernel.h"

namespace cnn {
namespace {  // a copy for each instruction set

// Inputs x and, but for the first maps, the joined maps, their channels' means and variances, which
// change in place; for the first these three are the outputs. Calls append(from, to, joined) with
// values of the types of x and of the joined maps.
template <class Append>
bool appendToJoined(const Call& call, const Append& append) {
  const Tensor* joined = call.outputs.empty() ? &call.inputs[1] : &call.outputs[0];
  for (int i = 0; i < 3; i++) joined[i].storage->version++;
  return withFloatType(call.inputs[0].dtype, [&](auto from) {
    return withFloatType(joined[0].dtype, [&](auto to) {
      append(from, to, joined);
      return true;
    });
  });
}

}  // namespace
}  // namespace cnn
