#include "checks/call_check.h"

#include <unordered_map>

#include "checks/channels.h"
#include "checks/expect.h"
#include "checks/optimizers.h"
#include "checks/windows.h"

namespace cnn {
namespace {

void checkLrn(const Call& call) {
  const LrnParams& p = paramsOf<LrnParams>(call);
  expectRange("a radius", p.radius, 0, INT16_MAX);
  const int64_t size = product({p.rows, p.channels});
  for (size_t i = 0; i < 3; i++) expectInput(call, i, Of::Floats, {size});
  expectOutputLike(call, 0, call.inputs.size() > 2 ? 2 : 0, {size});
}

// Of mixed images there are others and shares too.
void checkCrossEntropy(const Call& call) {
  const CrossEntropyParams& p = paramsOf<CrossEntropyParams>(call);
  const int64_t size = product({p.rows, p.classes});
  if (call.inputs.size() > 2) expectExists(call, 2, 3);
  expectInput(call, 0, Of::Floats, {size});
  for (size_t i = 1; i < 3; i++) expectInput(call, i, Of::Int32, {p.rows});
  expectInput(call, 3, Of::Float32, {2 * int64_t{p.rows}});
  expectOutput(call, 0, Of::Float32, {4});
  expectOutput(call, 1, Of::Float32, {size});
}

void checkImage(const Call& call) {
  const ImageParams& p = paramsOf<ImageParams>(call);
  if (p.channels != 1 && p.channels != 3) throw std::runtime_error("expected 1 or 3 channels");
  const int64_t size = product({p.batch, p.height, p.width, p.channels});
  expectInput(call, 0, Of::UInt8, {size});
  expectInput(call, 1, Of::Int32, {p.batch});
  expectInput(call, 2, Of::Float32, {product({p.batch, p.channels})});
  expectOutput(call, 0, Of::Floats, {size});
}

void checkMixImages(const Call& call) {
  const MixImagesParams& p = paramsOf<MixImagesParams>(call);
  const int64_t size = product({p.batch, p.height, p.width, p.channels});
  expectInput(call, 0, Of::Floats, {size});
  expectInput(call, 1, Of::Int32, {product({5, p.batch})});
  expectInput(call, 2, Of::Float32, {p.batch});
  expectOutputLike(call, 0, 0, {size});
}

void checkReduce(const Call& call) {
  const ReduceParams& p = paramsOf<ReduceParams>(call);
  const bool index = call.kernel == std::string("ArgMax");
  expectInput(call, 0, Of::Floats, {product({p.outer, p.reduce, p.inner})});
  expectOutput(call, 0, index ? Of::Int32 : Of::Float32, {product({p.outer, p.inner})});
  expectRange("a divisor", p.divisor, 1, INT32_MAX);
}

// The elements that are reached from `offset` on, all of them inside a tensor; returns how many.
int64_t walk(const Tensor& tensor, const int32_t* sizes, const int32_t* strides, int rank,
             int64_t offset) {
  int64_t least = offset, most = offset, count = 1;
  for (int axis = 0; axis < rank; axis++) {
    count *= product({sizes[axis]});
    const int64_t end = (sizes[axis] - 1) * static_cast<int64_t>(strides[axis]);
    (end < 0 ? least : most) += end;
  }
  if (tensor.exists() && (least < 0 || most >= tensor.size)) {
    throw std::runtime_error("expected strides within the " + std::to_string(tensor.size) +
                             " values of an input");
  }
  return count;
}

int64_t valuesOfAll(const std::vector<Tensor>& tensors) {
  int64_t size = 0;
  for (const Tensor& tensor : tensors) size += tensor.size;
  return size;
}

void checkAllReduceStart(const Call& call) {
  for (size_t i = 0; i < call.inputs.size(); i++) {
    expectInput(call, i, Of::Floats, {call.inputs[i].size});
  }
  expectOutput(call, 0, Of::Float32, {valuesOfAll(call.inputs)});
}

void checkAllReduceWait(const Call& call) {
  expectInput(call, 0, Of::Float32, {valuesOfAll(call.outputs)});
  expectInput(call, 1, Of::Float32, {4});
  for (size_t i = 0; i < call.outputs.size(); i++) {
    expectOutput(call, i, Of::Float32, {call.outputs[i].size});
  }
}

void checkAllGather(const Call& call) {
  const int64_t size = call.inputs[0].size;
  expectInput(call, 0, Of::Floats, {size});
  for (size_t i = 0; i < call.outputs.size(); i++) expectOutputLike(call, i, 0, {size});
}

void checkBinary(const Call& call) {
  const int rank = paramsOf<BinaryParams>(call).rank;
  expectRange("a rank", rank, 1, kMaxRank);
  expectWords(call, fixedWords<BinaryParams>() + 3 * rank);
  const int32_t* lists = listsOf<BinaryParams>(call);
  const int64_t size = walk(call.inputs.at(0), lists, lists + rank, rank, 0);
  walk(call.inputs.at(1), lists, lists + 2 * rank, rank, 0);
  expectOutput(call, 0, Of::Anything, {size});
}

void checkStridedCopy(const Call& call) {
  const StridedCopyParams& p = paramsOf<StridedCopyParams>(call);
  expectRange("a rank", p.rank, 1, kMaxRank);
  expectWords(call, fixedWords<StridedCopyParams>() + 2 * p.rank);
  const int32_t* lists = listsOf<StridedCopyParams>(call);
  expectOutputLike(call, 0, 0, {walk(call.inputs[0], lists, lists + p.rank, p.rank, p.offset)});
}

// A result for each value of the input.
void checkElementwise(const Call& call) { expectOutputLike(call, 0, 0, {call.inputs[0].size}); }

void checkCast(const Call& call) { expectOutput(call, 0, Of::Anything, {call.inputs[0].size}); }

void checkFill(const Call&) {}

void checkPeakUpdate(const Call& call) { expectInput(call, 0, Of::Float32, {call.inputs[0].size}); }

// A sum for each thread, of which each device has its own most.
void checkPeakMultiplyAdd(const Call& call) {
  const PeakMultiplyAddParams& p = paramsOf<PeakMultiplyAddParams>(call);
  expectRange("a count", p.count, 1, INT32_MAX);
  expectOutput(call, 0, Of::Float32, {p.threads});
}

// Rows of pieces on one side, and of all pieces on the other.
void checkPieces(const Call& call, const std::vector<Tensor>& pieces, const Tensor& whole) {
  expectWords(call, static_cast<int64_t>(pieces.size()));
  const int32_t* sizes = listsOf<PiecesParams>(call);
  int64_t all = 0;
  for (size_t i = 0; i < pieces.size(); i++) all += product({sizes[i]});
  if (all == 0 || whole.size % all != 0) throw std::runtime_error("expected rows of all pieces");
  for (size_t i = 0; i < pieces.size(); i++) {
    if (!pieces[i].exists()) throw std::runtime_error("piece " + std::to_string(i) + " is none");
    expectSize("piece", i, pieces[i], {whole.size / all * sizes[i]});
    if (pieces[i].dtype != whole.dtype) throw std::runtime_error("expected pieces of one type");
  }
}

void checkConcat(const Call& call) { checkPieces(call, call.inputs, call.outputs.at(0)); }
void checkSplit(const Call& call) { checkPieces(call, call.outputs, call.inputs.at(0)); }

void checkPad(const Call& call) {
  const int rank = paramsOf<PadParams>(call).rank;
  expectRange("a rank", rank, 1, kMaxRank);
  expectWords(call, fixedWords<PadParams>() + 3 * rank);
  const int32_t* lists = listsOf<PadParams>(call);
  int64_t out = 1, in = 1;
  for (int axis = 0; axis < rank; axis++) {
    const int32_t outSize = lists[axis], before = lists[rank + axis],
                  inSize = lists[2 * rank + axis];
    out = product({out, outSize});
    in = product({in, inSize});
    expectRange("padding", before, 0, static_cast<int64_t>(outSize) - inSize);
  }
  expectInput(call, 0, Of::Anything, {in});
  expectOutputLike(call, 0, 0, {out});
}

// What a kernel cannot do without: its first inputs and outputs.
struct Check {
  void (*sizes)(const Call&);
  size_t inputs;
  size_t outputs;
};

const std::unordered_map<std::string, Check>& checks() {
  static const std::unordered_map<std::string, Check> table = [] {
    std::unordered_map<std::string, Check> rows = {
        {"FusedConv2D", {checkConvolution, 2, 0}},
        {"Conv2DBackpropInput", {checkInputGradient, 2, 1}},
        {"Conv2DBackpropFilter", {checkFilterGradient, 2, 1}},
        {"MaxPool", {checkPool, 1, 1}},
        {"AvgPool", {checkPool, 1, 1}},
        {"MaxPoolGrad", {checkPoolGradient, 3, 1}},
        {"AvgPoolGrad", {checkPoolGradient, 1, 1}},
        {"BatchMatMul", {checkMatMul, 2, 1}},
        {"LRN", {checkLrn, 1, 1}},
        {"LRNGrad", {checkLrn, 3, 1}},
        {"SoftmaxCrossEntropy", {checkCrossEntropy, 2, 2}},
        {"SigmoidCrossEntropy", {checkCrossEntropy, 2, 2}},
        {"ImageToFloat", {checkImage, 3, 1}},
        {"MixImages", {checkMixImages, 3, 1}},
        {"BiasActivationGrad", {checkBiasActivationGrad, 1, 0}},
        {"BatchNormTrain", {checkBatchNormTrain, 1, 3}},
        {"BatchNormInference", {checkBatchNormInference, 1, 1}},
        {"BatchNormGrad", {checkBatchNormGrad, 6, 3}},
        {"BatchNormSlice", {checkBatchNormSlice, 5, 1}},
        {"BatchNormSliceGrad", {checkBatchNormSliceGrad, 6, 2}},
        {"AppendChannels", {checkAppendChannels, 1, 0}},
        {"Sgd", {checkSgd, 3, 0}},
        {"RmsProp", {checkRmsProp, 4, 0}},
        {"AdamW", {checkAdam, 4, 0}},
        {"Lamb", {checkAdam, 4, 0}},
        {"Lars", {checkLars, 3, 0}},
        {"GradientClip", {checkGradientClip, 1, 1}},
        {"Accumulate", {checkAccumulate, 2, 0}},
        {"AllReduceStart", {checkAllReduceStart, 1, 1}},
        {"AllReduceWait", {checkAllReduceWait, 1, 1}},
        {"AllGather", {checkAllGather, 1, 1}},
        {"StridedCopy", {checkStridedCopy, 1, 1}},
        {"Dropout", {checkElementwise, 1, 1}},
        {"Cast", {checkCast, 1, 1}},
        {"Concat", {checkConcat, 1, 1}},
        {"SplitV", {checkSplit, 1, 1}},
        {"PadV2", {checkPad, 1, 1}},
        {"Fill", {checkFill, 0, 1}},
        {"WindowMeans", {checkWindowMeans, 1, 1}},
        {"WindowMeansGrad", {checkWindowMeans, 1, 1}},
        {"PeakMultiplyAdd", {checkPeakMultiplyAdd, 0, 1}},
        {"PeakUpdate", {checkPeakUpdate, 1, 0}},
        {"PeakCopy", {checkElementwise, 1, 1}}};
    for (const char* name : {"Sum", "Prod", "Max", "Min", "ArgMax"})
      rows[name] = {checkReduce, 1, 1};
    for (const auto& kernel : kernelTable()) {
      if (kernel.fields.intLists == std::string("sizes, stridesA, stridesB")) {
        rows[kernel.name] = {checkBinary, 2, 1};
      }
      if (fixedWordsOf(kernel.fields) == 0 && *kernel.fields.intLists == 0) {
        rows.insert({kernel.name, {checkElementwise, 1, 1}});
      }
    }
    return rows;
  }();
  return table;
}

// The words of fields such as "rows, channels" or "scale[3], shift[3]".
int wordsIn(const std::string& names) {
  int words = names.empty() ? 0 : 1 + static_cast<int>(std::count(names.begin(), names.end(), ','));
  for (size_t at = names.find('['); at != std::string::npos; at = names.find('[', at + 1)) {
    words += std::stoi(names.substr(at + 1)) - 1;
  }
  return words;
}

}  // namespace

int fixedWordsOf(const FieldNames& fields) { return wordsIn(fields.ints) + wordsIn(fields.floats); }

void checkCall(const Call& call) {
  const auto found = checks().find(call.kernel);
  if (found == checks().end()) return;
  const auto [sizes, inputs, outputs] = found->second;
  if (call.inputs.size() < inputs || call.outputs.size() < outputs) {
    throw std::runtime_error("expected " + std::to_string(inputs) + " inputs and " +
                             std::to_string(outputs) + " outputs");
  }
  for (size_t i = 0; i < inputs; i++) {
    if (!call.inputs[i].exists())
      throw std::runtime_error("input " + std::to_string(i) + " is none");
  }
  sizes(call);
}

}  // namespace cnn
