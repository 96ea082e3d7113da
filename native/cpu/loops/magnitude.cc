#include "magnitude.h"

#include "parallel.h"

namespace cnn {
namespace {

constexpr int64_t kGrain = 1 << 16;

// Without their signs the bits of floats are in the order of the values, NaN above infinity.
template <class T>
typename Bits<T>::Type largestBits(const T* __restrict values, int64_t count) {
  using Word = typename Bits<T>::Type;
  constexpr Word kWithoutSign = static_cast<Word>(~(Word{1} << (8 * sizeof(Word) - 1)));
  Word largest = 0;
  for (int64_t i = 0; i < count; i++) {
    const Word size = bitsOf(values[i]) & kWithoutSign;
    largest = size > largest ? size : largest;
  }
  return largest;
}

float largestOf(const Tensor& tensor) {
  float result = 0;
  withFloatType(tensor.dtype, [&](auto sample) {
    using T = decltype(sample);
    const T* values = valuesOf<T>(tensor);
    const int parts = partsFor(tensor.size, kGrain);
    int largest = 0;
#pragma omp parallel for num_threads(parts) schedule(static, 1) reduction(max : largest)
    for (int part = 0; part < parts; part++) {
      const int64_t begin = tensor.size * part / parts;
      const int64_t end = tensor.size * (part + 1) / parts;
      const int found = largestBits(values + begin, end - begin);
      largest = found > largest ? found : largest;
    }
    const auto bits = static_cast<typename Bits<T>::Type>(largest);
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    result = toFloat(value);
    return true;
  });
  return result;
}

void reluInPlace(void* memory, DType type, int64_t size) {
  withFloatType(type, [&](auto sample) {
    using T = decltype(sample);
    T* values = static_cast<T*>(memory);
    parallelFor(size, kGrain, [values](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) values[i] = fromFloat<T>(relu(toFloat(values[i])));
    });
    return true;
  });
}

}  // namespace

#define CNN_MAGNITUDE_LOOPS(isa) CNN_MAGNITUDE_LOOPS_OF(isa)
#define CNN_MAGNITUDE_LOOPS_OF(isa) kMagnitudeLoops##isa
extern const MagnitudeLoops CNN_MAGNITUDE_LOOPS(CNN_ISA);
const MagnitudeLoops CNN_MAGNITUDE_LOOPS(CNN_ISA) = {largestOf, reluInPlace};

}  // namespace cnn
