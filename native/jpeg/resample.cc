#include "jpeg/resample.h"

#include "isa_tables.h"

namespace cnn {

CNN_TABLES_BY_ISA(Passes, kPasses, passesFor)

}  // namespace cnn
