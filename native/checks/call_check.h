// Whether the tensors of a call have the sizes that its parameters say: a mistake in a row of the
// host's kernel table becomes an error with the kernel's name instead of a read of other memory.
#pragma once
#include "kernel.h"

namespace cnn {

// The words of a kernel's parameters without its lists.
int fixedWordsOf(const FieldNames& fields);

// Throws where they do not fit. Kernels without parameters of sizes are not looked at.
void checkCall(const Call& call);

}  // namespace cnn
