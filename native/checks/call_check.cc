#include "checks/call_check.h"

#include <unordered_map>

#include "checks/expect.h"
#include "checks/windows.h"

namespace cnn {
namespace {

void checkLrn(const Call& call) {
  const LrnParams& p = paramsOf<LrnParams>(call);
  expectRange("a radius", p.radius, 0, INT16_MAX);
  const int64_t size = product({p.rows, p.channels});
  expectInputs(call, {size, size, size});
  expectOutputs(call, {size});
}

void checkCrossEntropy(const Call& call) {
  const CrossEntropyParams& p = paramsOf<CrossEntropyParams>(call);
  const int64_t size = product({p.rows, p.classes});
  expectInputs(call, {size, p.rows});
  expectOutputs(call, {size, 4});
}

void checkImage(const Call& call) {
  const ImageParams& p = paramsOf<ImageParams>(call);
  expectRange("channels", p.channels, 1, 3);
  const int64_t size = product({p.batch, p.height, p.width, p.channels});
  expectInputs(call, {size, p.batch, product({p.batch, p.channels})});
  expectOutputs(call, {size});
}

// Tensors of rows of channels, and of one value for each channel.
template <class Params>
void checkRows(const Call& call) {
  const Params& p = paramsOf<Params>(call);
  expectActivation(p.activation);
  const int64_t size = product({p.rows, p.channels});
  for (size_t i = 0; i < call.inputs.size(); i++) {
    expectSize("input", i, call.inputs[i], {size, p.channels});
  }
  expectInputs(call, {size});
  expectOutputs(call, {size, p.channels});
}

// The same where rows are longer than the channels that are used.
template <class Params>
void checkSlices(const Call& call) {
  const Params& p = paramsOf<Params>(call);
  expectRange("channels", p.channels, 1, p.stride);
  const int64_t size = product({p.rows, p.channels}), all = product({p.rows, p.stride});
  for (size_t i = 0; i < call.inputs.size(); i++) {
    expectSize("input", i, call.inputs[i], {size, all, p.channels, p.stride});
  }
  expectOutputs(call, {size, all, p.channels, p.stride});
}

void checkBiasActivationGrad(const Call& call) {
  checkRows<BiasActivationGradParams>(call);
  const BiasActivationGradParams& p = paramsOf<BiasActivationGradParams>(call);
  if (p.activation == static_cast<int>(Activation::Linear)) return;
  if (call.inputs.size() > 1 && call.inputs[1].exists() && call.outputs.size() > (p.bias ? 1 : 0))
    return;
  throw std::runtime_error("expected the output of the activation");
}

// Scale and offset, inputs 1 and 2, are left out where they are 1 and 0.
void checkBatchNormInference(const Call& call) {
  checkRows<BatchNormInferenceParams>(call);
  if (call.inputs.at(3).exists() && call.inputs.at(4).exists()) return;
  throw std::runtime_error("expected a mean and a variance");
}

void checkBatchNormSlice(const Call& call) {
  checkSlices<BatchNormSliceParams>(call);
  expectActivation(paramsOf<BatchNormSliceParams>(call).activation);
  const BatchNormSliceParams& p = paramsOf<BatchNormSliceParams>(call);
  expectInputs(call, {product({p.rows, p.stride})});
}

void checkAppend(const Call& call) {
  const AppendChannelsParams& p = paramsOf<AppendChannelsParams>(call);
  checkSlices<AppendChannelsParams>(call);
  expectRange("an offset", p.offset, 0, p.stride - p.channels);
  expectInputs(call, {product({p.rows, p.channels})});
}

void checkReduce(const Call& call) {
  const ReduceParams& p = paramsOf<ReduceParams>(call);
  expectInputs(call, {product({p.outer, p.reduce, p.inner})});
  expectOutputs(call, {product({p.outer, p.inner})});
  expectRange("a divisor", p.divisor, 1, INT32_MAX);
}

// Each weight with its momentum and its gradient, and perhaps the factor of all gradients.
void checkSgd(const Call& call) {
  const size_t count = call.inputs.size();
  const size_t weights = count / 3;
  if (count % 3 == 2) throw std::runtime_error("expected three inputs of each weight");
  expectWords(call, fixedWords<SgdParams>() + 2 * static_cast<int64_t>(weights));
  for (size_t i = 0; i < count; i++) {
    if (!call.inputs[i].exists()) throw std::runtime_error("a weight is none");
    expectSize("input", i, call.inputs[i], {i < 3 * weights ? call.inputs[i / 3 * 3].size : 1});
  }
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

void checkBinary(const Call& call) {
  const int rank = paramsOf<BinaryParams>(call).rank;
  expectRange("a rank", rank, 1, kMaxRank);
  expectWords(call, fixedWords<BinaryParams>() + 3 * rank);
  const int32_t* lists = listsOf<BinaryParams>(call);
  const int64_t size = walk(call.inputs.at(0), lists, lists + rank, rank, 0);
  walk(call.inputs.at(1), lists, lists + 2 * rank, rank, 0);
  expectOutputs(call, {size});
}

void checkStridedCopy(const Call& call) {
  const StridedCopyParams& p = paramsOf<StridedCopyParams>(call);
  expectRange("a rank", p.rank, 1, kMaxRank);
  expectWords(call, fixedWords<StridedCopyParams>() + 2 * p.rank);
  const int32_t* lists = listsOf<StridedCopyParams>(call);
  expectOutputs(call, {walk(call.inputs.at(0), lists, lists + p.rank, p.rank, p.offset)});
}

// A result for each value of the input.
void checkElementwise(const Call& call) {
  if (!call.inputs.empty()) expectOutputs(call, {call.inputs[0].size});
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
  expectInputs(call, {in});
  expectOutputs(call, {out});
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
        {"FusedConv2D", {checkConvolution, 2, 1}},
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
        {"BiasActivationGrad", {checkBiasActivationGrad, 1, 1}},
        {"BatchNormTrain", {checkRows<BatchNormTrainParams>, 5, 3}},
        {"BatchNormInference", {checkBatchNormInference, 1, 1}},
        {"BatchNormGrad", {checkRows<BatchNormGradParams>, 6, 3}},
        {"BatchNormSlice", {checkBatchNormSlice, 5, 1}},
        {"BatchNormSliceGrad", {checkSlices<BatchNormSliceGradParams>, 6, 2}},
        {"AppendChannels", {checkAppend, 1, 0}},
        {"Sgd", {checkSgd, 3, 0}},
        {"StridedCopy", {checkStridedCopy, 1, 1}},
        {"Dropout", {checkElementwise, 1, 1}},
        {"Concat", {checkConcat, 1, 1}},
        {"SplitV", {checkSplit, 1, 1}},
        {"PadV2", {checkPad, 1, 1}},
        {"Fill", {checkElementwise, 0, 1}},
        {"WindowMeans", {checkWindowMeans, 1, 1}},
        {"WindowMeansGrad", {checkWindowMeans, 1, 1}}};
    for (const char* name : {"Sum", "Prod", "Max", "Min", "ArgMax"})
      rows[name] = {checkReduce, 1, 1};
    for (const auto& kernel : kernelTable()) {
      if (kernel.fields.intLists == std::string("sizes, stridesA, stridesB")) {
        rows[kernel.name] = {checkBinary, 2, 1};
      }
      if (fixedWordsOf(kernel.fields) == 0 && *kernel.fields.intLists == 0) {
        rows[kernel.name] = {checkElementwise, 1, 0};
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
