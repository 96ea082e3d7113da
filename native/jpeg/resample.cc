#include "jpeg/resample.h"

namespace cnn {

extern const Passes kPassesGeneric, kPassesAvx2, kPassesAvx512;

const Passes& passesFor(Isa isa) {
  if (isa >= Isa::Avx512) return kPassesAvx512;
  return isa == Isa::Avx2 ? kPassesAvx2 : kPassesGeneric;
}

}  // namespace cnn
