// Gradients of filters by AMX: 2 to 8 times as fast as oneDNN 2.6's, which packs both factors again
// for every pair of channel blocks.
#include "switches.h"
#include "tap_sums.h"

namespace cnn {
namespace {

constexpr int64_t kRowGrain = 64;  // rows of a result that are worth a thread

// The memory for the sums of position part `part`. The first part sums in the result itself if that
// consists of whole tiles.
struct SumMemory {
  Sums result;
  bool direct;
  float* partial;
  int64_t size;  // floats of one part

  Sums of(int part, const Cut& cut) const {
    if (direct && part == 0) return result;
    const int64_t row = cut.rightTiles * 16;
    return {partial + (part - direct) * size, cut.leftTiles * 16 * row, row};
  }
};

// Adds the parts and writes the taps' rows of the result.
void writeRows(const TapProducts& plan, const Cut& cut, const SumMemory& memory) {
  const int64_t channels = plan.leftChannels;
  parallelFor(plan.tapCount * channels, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t tap = i / channels, row = i % channels;
      float* to =
          memory.result.values + tap * memory.result.tapLength + row * memory.result.rowLength;
      for (int64_t column = 0; column < plan.rightChannels; column += 16) {
        const int64_t left = plan.rightChannels - column;
        const __mmask16 mask = left >= 16 ? 0xffff : (1u << left) - 1;
        __m512 sum = _mm512_setzero_ps();
        for (int part = 0; part < cut.positionParts; part++) {
          const Sums from = memory.of(part, cut);
          const float* at = from.values + tap * from.tapLength + row * from.rowLength + column;
          sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, at));
        }
        _mm512_mask_storeu_ps(to + column, mask, sum);
      }
    }
  });
}

// The same for an exchanged plan, whose sums are transposed.
void writeColumns(const TapProducts& plan, const Cut& cut, const SumMemory& memory) {
  parallelFor(cut.rightTiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin * cut.leftTiles; tile < end * cut.leftTiles; tile++) {
      const int64_t row = tile % cut.leftTiles * 16, column = tile / cut.leftTiles * 16;
      __m512i sums[16];
      for (int i = 0; i < 16; i++) {
        __m512 sum = _mm512_setzero_ps();
        for (int part = 0; part < cut.positionParts; part++) {
          const Sums from = memory.of(part, cut);
          sum = _mm512_add_ps(sum,
                              _mm512_loadu_ps(from.values + (row + i) * from.rowLength + column));
        }
        sums[i] = _mm512_castps_si512(sum);
      }
      transpose(sums);
      const int64_t left = plan.leftChannels - row;
      const __mmask16 mask = left >= 16 ? 0xffff : (1u << left) - 1;
      const int64_t rows = smallest(16, plan.rightChannels - column);
      for (int64_t i = 0; i < rows; i++) {
        float* to = memory.result.values + (column + i) * memory.result.rowLength + row;
        _mm512_mask_storeu_ps(to, mask, _mm512_castsi512_ps(sums[i]));
      }
    }
  });
}

// Cuts a thread's workspace and the partial sums out of one piece of memory.
class Memory {
 public:
  Memory(const TapProducts& plan, const Cut& cut, const Sums& result) : plan_(plan) {
    const bool whole = plan.leftChannels % 16 == 0 && plan.rightChannels % 16 == 0;
    sums = {result, whole && !plan.exchanged, nullptr,
            plan.tapCount * cut.leftTiles * cut.rightTiles * 256};
    const Pixels& pixels = plan.phases[0].pixels;
    edgePitch_ = pixels.window > 1 ? plan.leftChannels : 0;
    zeroBytes_ = aligned(2 * largest(plan.leftChannels, plan.rightChannels));
    rowBytes_ = aligned(8 * largest(cut.chunk, cut.rightRows + 1));
    edgeBytes_ = aligned(2 * cut.chunk * edgePitch_);
    leftBytes_ = 2 * plan.phaseCount * cut.leftTiles * kTileChannels * cut.chunk;
    rightBytes_ = 2 * cut.copies * kBlockTiles * kTileChannels * cut.rightRows;
    partBytes_ = rowBytes_ + edgeBytes_ + leftBytes_ + rightBytes_;
    sumBytes_ = 4 * sums.size * (cut.positionParts - sums.direct);
    bytes = zeroBytes_ + sumBytes_ + partBytes_ * cut.parts();
  }

  void place(void* memory) {
    memory_ = static_cast<char*>(memory);
    std::memset(memory_, 0, zeroBytes_);
    sums.partial = reinterpret_cast<float*>(memory_ + zeroBytes_);
  }

  Workspace of(int part) const {
    char* at = memory_ + zeroBytes_ + sumBytes_ + partBytes_ * part;
    Workspace space;
    space.zeros = reinterpret_cast<const bf16*>(memory_);
    space.edgePitch = edgePitch_;
    space.rows = reinterpret_cast<const bf16**>(at);
    space.edges = reinterpret_cast<bf16*>(at += rowBytes_);
    space.left = reinterpret_cast<bf16*>(at += edgeBytes_);
    space.right = reinterpret_cast<bf16*>(at += leftBytes_);
    return space;
  }

  SumMemory sums;
  int64_t bytes;

 private:
  static int64_t aligned(int64_t size) { return roundUp(size, kScratchAlignment); }
  const TapProducts& plan_;
  int64_t edgePitch_, zeroBytes_, rowBytes_, edgeBytes_, leftBytes_, rightBytes_, partBytes_;
  int64_t sumBytes_;
  char* memory_ = nullptr;
};

// Computes the plan's products into `result`: rows of a filter's outputs at distances of
// `rowLength`.
void compute(Context& context, const TapProducts& plan, float* result, int64_t rowLength) {
  const Cut cut = cutOf(plan);
  Memory memory(plan, cut, {result, plan.leftChannels * rowLength, rowLength});
  void* scratch = context.scratchMemory(static_cast<size_t>(memory.bytes));
  if (context.measuring) return;
  memory.place(scratch);
  const int64_t groups = ceilDivide(plan.grid.positions(), kGroup);
  const int64_t pairs = ceilDivide(cut.rightTiles, 2);
  parallelParts(cut.parts(), cut.parts(), [&](int, int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      const int64_t k = part / cut.columnParts, column = part % cut.columnParts;
      const Workspace space = memory.of(static_cast<int>(part));
      const Sums sums = memory.sums.of(static_cast<int>(k), cut);
      Share share(plan, cut, space, sums);
      share.compute(groups * k / cut.positionParts * kGroup,
                    groups * (k + 1) / cut.positionParts * kGroup,
                    pairs * column / cut.columnParts * 2,
                    smallest(pairs * (column + 1) / cut.columnParts * 2, cut.rightTiles));
    }
  });
  if (plan.exchanged) {
    writeColumns(plan, cut, memory.sums);
  } else if (!memory.sums.direct || cut.positionParts > 1) {
    writeRows(plan, cut, memory.sums);
  }
}

// Groups of few channels fill no tile.
constexpr int kMinGroupChannels = 8;

// The build of these files that is meant to run: with tiles or with emulated ones.
bool isWanted() {
#if defined(CNN_AMX_EMULATED)
  return emulatesAmx();
#else
  return !emulatesAmx();
#endif
}

bool isBf16(const Tensor& tensor) { return tensor.dtype == DType::BFloat16; }

bool filterGradient(const Call& call, const ConvParams& p) {
  const Tensor& x = call.inputs[0];
  const Tensor& dy = call.inputs[1];
  if (!isBf16(x) || !isBf16(dy) || call.outputs[0].dtype != DType::Float32) return false;
  const int in = p.inChannels / p.groups, out = p.outChannels / p.groups;
  if (p.groups > 1 && (in < kMinGroupChannels || out < kMinGroupChannels)) return false;
  for (int group = 0; group < p.groups; group++) {
    TapProducts plan;
    if (!planProducts(p, valuesOf<bf16>(x) + group * in, valuesOf<bf16>(dy) + group * out, plan)) {
      return false;
    }
    compute(call.context, plan, valuesOf<float>(call.outputs[0]) + group * out, p.outChannels);
  }
  return true;
}

// The emulation goes before kernels that are written for AVX-512.
constexpr int kPriority = 10;

}  // namespace

// inputs: x, dy; output: float32 (kh, kw, inC / groups, outC)
CNN_CANDIDATE(Conv2DBackpropFilter, ConvParams, kPriority, amx) {
  return isWanted() && filterGradient(call, params);
}

}  // namespace cnn
