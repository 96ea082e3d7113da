// Joins rows of tensors, or cuts rows into those of others. Bytes are moved in the widest units
// that divide every row.
#include "divisor.h"
#include "elementwise.h"

namespace cnn {
namespace {

constexpr int kMostPieces = 64;  // of one launch

template <class Unit>
struct Pieces {
  int count = 0;
  Unit* memory[kMostPieces];
  int64_t ends[kMostPieces];  // in the launch's columns
};

template <class Unit, bool JOIN>
struct PiecesWork {
  static constexpr int kPack = 1;
  struct Loaded {
    Unit value;
    Unit* to;
  };
  __device__ Loaded load(int64_t index) const {
    int64_t row = 0, column = index;
    if (rows > 1) {
      uint32_t rest = static_cast<uint32_t>(index);
      row = columns.divide(rest);
      column = rest;
    }
    int piece = 0;
    int64_t begin = 0;
    while (column >= pieces.ends[piece]) begin = pieces.ends[piece++];
    Unit* outside = joined + row * stride + column;
    Unit* inside = pieces.memory[piece] + row * (pieces.ends[piece] - begin) + (column - begin);
    return JOIN ? Loaded{*inside, outside} : Loaded{*outside, inside};
  }
  __device__ void store(int64_t, const Loaded& loaded) const { *loaded.to = loaded.value; }
  __device__ void one(int64_t index) const { store(index, load(index)); }

  Pieces<Unit> pieces;
  Unit* joined;
  int64_t stride;  // of rows in it
  int64_t rows;
  Divisor columns;
};

template <class Unit, bool JOIN>
void moveUnits(const Call& call, const std::vector<Tensor>& tensors, const Tensor& whole) {
  const int32_t* sizes = listsOf<PiecesParams>(call);
  const int64_t element = static_cast<int64_t>(bytesOf(whole.dtype));
  auto unitsOf = [&](size_t i) { return sizes[i] * element / int64_t{sizeof(Unit)}; };
  int64_t stride = 0;
  for (size_t i = 0; i < tensors.size(); i++) stride += unitsOf(i);
  const int64_t rows = static_cast<int64_t>(whole.bytes()) / int64_t{sizeof(Unit)} / stride;
  Unit* joined = valuesOf<Unit>(whole);
  for (size_t first = 0; first < tensors.size(); first += kMostPieces) {
    PiecesWork<Unit, JOIN> work{{}, joined, stride, 0, {}};
    Pieces<Unit>& pieces = work.pieces;
    int64_t columns = 0;
    for (size_t i = first; i < tensors.size() && pieces.count < kMostPieces; i++) {
      pieces.memory[pieces.count] = valuesOf<Unit>(tensors[i]);
      pieces.ends[pieces.count++] = columns += unitsOf(i);
    }
    const int64_t most = columns < kMostDivided ? kMostDivided / columns : 1;
    if (most > 1) work.columns = Divisor(columns);
    for (int64_t row = 0; row < rows; row += most) {
      work.rows = rows - row < most ? rows - row : most;
      launchEachPack(call, work, work.rows * columns);
      work.joined += work.rows * stride;
      for (int i = 0; i < pieces.count; i++) {
        pieces.memory[i] += work.rows * (pieces.ends[i] - (i > 0 ? pieces.ends[i - 1] : 0));
      }
    }
    joined += columns;
  }
}

template <bool JOIN>
bool movePieces(const Call& call, const std::vector<Tensor>& tensors, const Tensor& whole) {
  const int32_t* sizes = listsOf<PiecesParams>(call);
  int64_t all = 0;
  for (size_t i = 0; i < tensors.size(); i++) {
    all |= sizes[i] * static_cast<int64_t>(bytesOf(whole.dtype));
  }
  if (all % 16 == 0) {
    moveUnits<cuda::Pack<uint32_t, 4>, JOIN>(call, tensors, whole);
  } else if (all % 4 == 0) {
    moveUnits<uint32_t, JOIN>(call, tensors, whole);
  } else if (all % 2 == 0) {
    moveUnits<uint16_t, JOIN>(call, tensors, whole);
  } else {
    moveUnits<uint8_t, JOIN>(call, tensors, whole);
  }
  return true;
}

}  // namespace

CNN_CUDA_KERNEL(Concat, PiecesParams) {
  return movePieces<true>(call, call.inputs, call.outputs[0]);
}

CNN_CUDA_KERNEL(SplitV, PiecesParams) {
  return movePieces<false>(call, call.outputs, call.inputs[0]);
}

}  // namespace cnn
