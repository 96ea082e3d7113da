// Copies on the device that convolutions and products need before or after them.
#pragma once
#include "../../params.h"
#include "../../tensor.h"

namespace cnn {
struct Context;
}

namespace cnn::cuda {

// `count` values in another type.
void convert(const Context& context, const void* from, DType fromType, void* to, DType toType,
             int64_t count);
// (rows, columns) to (columns, rows), in another type if need be.
void transpose(const Context& context, const void* from, DType fromType, void* to, DType toType,
               int64_t rows, int64_t columns);
// y = activation(y + bias) in place over `rows` of `channels`; `bias` may be null.
void biasActivation(const Context& context, void* y, DType type, const float* bias, int64_t rows,
                    int64_t channels, Activation activation);

}  // namespace cnn::cuda
