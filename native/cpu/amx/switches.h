#pragma once
#include <cstdlib>
#include <cstring>

namespace cnn {
namespace {

// Tests run the AMX kernels on any machine with AVX-512 by CNN_AMX=emulated, also on one with AMX.
inline bool emulatesAmx() {
  static const bool emulated = [] {
    const char* wish = std::getenv("CNN_AMX");
    return wish != nullptr && std::strcmp(wish, "emulated") == 0;
  }();
  return emulated;
}

}  // namespace
}  // namespace cnn
