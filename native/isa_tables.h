// Functions that are no kernels and are compiled for each level too: a struct of them per level,
// whose name ends in the level's.
#pragma once
#include "kernel.h"

// CNN_TABLES_BY_ISA(Passes, kPasses, passesFor) defines `const Passes& passesFor(Isa)`.
#if defined(__x86_64__)
#define CNN_TABLES_BY_ISA(type, table, function)                \
  extern const type table##Generic, table##Avx2, table##Avx512; \
  const type& function(Isa isa) {                               \
    if (isa >= Isa::Avx512) return table##Avx512;               \
    return isa == Isa::Avx2 ? table##Avx2 : table##Generic;     \
  }
#else
#define CNN_TABLES_BY_ISA(type, table, function) \
  extern const type table##Generic;              \
  const type& function(Isa) { return table##Generic; }
#endif
