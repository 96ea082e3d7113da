// A cuDNN that computes on the emulated GPU, so that the code which asks the real one runs in tests
// too. It knows the graphs that cudnn/convolution_graph.cc makes, and has these engines:
//   0  computes
//   1  does not promise the same bits in every run
//   2  refuses to be planned
//   3  is planned, but refuses to run
//   4  computes on tensor cores, in TF32 if not in bfloat16, and is compiled at run time
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "../../cudnn/convolution_graph.h"
#include "../../libraries/shared_library.h"
#include "../stream.h"
#include "convolution_loops.h"

namespace cnn::cuda {
namespace {

using emulated::LoopConvolution;
using emulated::LoopTensor;

constexpr int64_t kEngines = 5, kUnsteady = 1, kRefusesPlan = 2, kRefusesRun = 3, kTensorCore = 4;
constexpr int64_t kWorkspace = 4096;
constexpr size_t kVersion = 91900;

struct Object;
using Shared = std::shared_ptr<Object>;

struct Object {
  cudnnBackendDescriptorType_t type;
  std::map<int, std::vector<char>> values;
  std::map<int, std::vector<Shared>> objects;

  template <class T>
  std::vector<T> list(int name) const {
    const std::vector<char>& bytes = values.at(name);
    std::vector<T> result(bytes.size() / sizeof(T));
    std::memcpy(static_cast<void*>(result.data()), bytes.data(), bytes.size());
    return result;
  }
  template <class T>
  T value(int name) const {
    return list<T>(name).at(0);
  }
  template <class T>
  void set(int name, T value) {
    values[name].resize(sizeof value);
    std::memcpy(values[name].data(), &value, sizeof value);
  }
  const Object& object(int name) const { return *objects.at(name).at(0); }
};

// A descriptor is one reference to its object.
Shared& objectOf(cudnnBackendDescriptor_t descriptor) { return *static_cast<Shared*>(descriptor); }

std::string failure;

cudnnStatus_t refuse(cudnnStatus_t status, const char* why) {
  failure = why;
  return status;
}

size_t bytesOf(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_VOID_PTR:
      return 8;
    default:
      return 4;
  }
}

LoopTensor tensorOf(const Object& tensor) {
  LoopTensor result{};
  const bool narrow =
      tensor.value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_BFLOAT16;
  result.type = narrow ? DType::BFloat16 : DType::Float32;
  const auto sizes = tensor.list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
  std::copy(sizes.begin(), sizes.end(), result.sizes);
  return result;
}

void copyPair(const Object& convolution, int name, int64_t* to) {
  const auto pair = convolution.list<int64_t>(name);
  std::copy(pair.begin(), pair.end(), to);
}

// The names of the first operation's attributes: convolution, x, filter, y.
struct Names {
  int convolution, x, filter, y;
};

LoopConvolution loopsOf(const Object& graph) {
  const std::vector<Shared>& operations = graph.objects.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  const Object& product = *operations.front();
  LoopConvolution result{};
  Names names = {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                 CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                 CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                 CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
  result.pass = LoopConvolution::Forward;
  if (product.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR) {
    result.pass = LoopConvolution::InputGrad;
    names = {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
  } else if (product.type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR) {
    result.pass = LoopConvolution::FilterGrad;
    names = {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
  }
  result.x = tensorOf(product.object(names.x));
  result.filter = tensorOf(product.object(names.filter));
  const bool fused = operations.size() > 1;
  result.y = tensorOf(fused ? operations.back()->object(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)
                            : product.object(names.y));
  result.bias = fused;
  result.relu = operations.size() > 2;
  const Object& convolution = product.object(names.convolution);
  copyPair(convolution, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, result.stride);
  copyPair(convolution, CUDNN_ATTR_CONVOLUTION_DILATIONS, result.dilation);
  copyPair(convolution, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, result.padBefore);
  return result;
}

// A plan is its engine and its loops; so is its text, in digits of 16.
struct PlanBody {
  int64_t engine;
  LoopConvolution loops;
};

std::string textOf(const PlanBody& plan) {
  std::string text = "{\"emulated\":\"";
  char digits[3];
  for (size_t i = 0; i < sizeof plan; i++) {
    std::snprintf(digits, sizeof digits, "%02x", reinterpret_cast<const unsigned char*>(&plan)[i]);
    text += digits;
  }
  return text + "\"}";
}

bool readText(const std::string& text, PlanBody& plan) {
  const size_t begin = text.find(":\"");
  if (begin == std::string::npos || text.size() < begin + 2 + 2 * sizeof plan) return false;
  for (size_t i = 0; i < sizeof plan; i++) {
    unsigned byte = 0;
    if (std::sscanf(text.substr(begin + 2 + 2 * i, 2).c_str(), "%2x", &byte) != 1) return false;
    reinterpret_cast<unsigned char*>(&plan)[i] = static_cast<unsigned char>(byte);
  }
  return true;
}

constexpr int kPlanBody = -1;  // an attribute of our own

cudnnStatus_t finalizePlan(Object& plan) {
  PlanBody body{};
  const auto text = plan.values.find(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
  if (text != plan.values.end()) {
    if (!readText({text->second.begin(), text->second.end()}, body)) {
      return refuse(CUDNN_STATUS_BAD_PARAM, "this is no plan");
    }
  } else {
    const Object& engine =
        plan.object(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).object(CUDNN_ATTR_ENGINECFG_ENGINE);
    body.engine = engine.value<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    body.loops = loopsOf(engine.object(CUDNN_ATTR_ENGINE_OPERATION_GRAPH));
    body.loops.tf32 = body.engine == kTensorCore;
    if (body.engine == kRefusesPlan) {
      return refuse(CUDNN_STATUS_NOT_SUPPORTED, "engine 2 refuses to be planned");
    }
  }
  plan.set(kPlanBody, body);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, kWorkspace);
  const std::string json = textOf(body);
  plan.values[CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION].assign(json.begin(), json.end());
  return CUDNN_STATUS_SUCCESS;
}

std::vector<int> notesOf(const Object& engine, int name) {
  const int64_t index = engine.value<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
  if (name == CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE) {
    return index == kTensorCore ? std::vector<int>{CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION}
                                : std::vector<int>{};
  }
  if (index == kUnsteady) return {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC};
  if (index == kTensorCore) return {CUDNN_NUMERICAL_NOTE_TENSOR_CORE};
  return {CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP};
}

std::vector<Shared> enginesFor(const Object& heuristic) {
  std::vector<Shared> configurations;
  const bool first =
      heuristic.value<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_A;
  for (int64_t i = 0; first && i < kEngines; i++) {
    auto engine = std::make_shared<Object>();
    engine->set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, i);
    engine->objects[CUDNN_ATTR_ENGINE_OPERATION_GRAPH] =
        heuristic.objects.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    auto configuration = std::make_shared<Object>();
    configuration->objects[CUDNN_ATTR_ENGINECFG_ENGINE] = {engine};
    configurations.push_back(configuration);
  }
  return configurations;
}

cudnnStatus_t create(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  auto object = std::make_shared<Object>();
  object->type = type;
  *descriptor = new Shared(object);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t destroy(cudnnBackendDescriptor_t descriptor) {
  delete &objectOf(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t set(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                  cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  Object& object = *objectOf(descriptor);
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    const auto* list = static_cast<const cudnnBackendDescriptor_t*>(values);
    object.objects[name].clear();
    for (int64_t i = 0; i < count; i++) object.objects[name].push_back(objectOf(list[i]));
  } else {
    const auto* bytes = static_cast<const char*>(values);
    object.values[name].assign(bytes, bytes + bytesOf(type) * static_cast<size_t>(count));
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t finalize(cudnnBackendDescriptor_t descriptor) {
  Object& object = *objectOf(descriptor);
  if (object.type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) return CUDNN_STATUS_SUCCESS;
  return finalizePlan(object);
}

cudnnStatus_t giveObjects(const std::vector<Shared>& found, int64_t requested, int64_t* count,
                          void* values) {
  *count = static_cast<int64_t>(found.size());
  if (values == nullptr) return CUDNN_STATUS_SUCCESS;
  auto* list = static_cast<cudnnBackendDescriptor_t*>(values);
  for (int64_t i = 0; i < std::min(*count, requested); i++) objectOf(list[i]) = found[i];
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t giveBytes(const void* found, size_t count, size_t each, int64_t requested,
                        int64_t* given, void* values) {
  *given = static_cast<int64_t>(count);
  const size_t copied = std::min(count, static_cast<size_t>(requested));
  if (values != nullptr && copied > 0) std::memcpy(values, found, each * copied);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t get(cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                  cudnnBackendAttributeType_t type, int64_t requested, int64_t* count,
                  void* values) {
  const Object& object = *objectOf(descriptor);
  if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
    return giveObjects(enginesFor(object), requested, count, values);
  }
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    const auto found = object.objects.find(name);
    return giveObjects(found == object.objects.end() ? std::vector<Shared>{} : found->second,
                       requested, count, values);
  }
  if (type == CUDNN_TYPE_NUMERICAL_NOTE || type == CUDNN_TYPE_BEHAVIOR_NOTE) {
    const std::vector<int> notes = notesOf(object, name);
    return giveBytes(notes.data(), notes.size(), sizeof(int), requested, count, values);
  }
  const std::vector<char>& bytes = object.values.at(name);
  return giveBytes(bytes.data(), bytes.size() / bytesOf(type), bytesOf(type), requested, count,
                   values);
}

struct Handle {
  StreamHandle stream = nullptr;
};
Handle& handleOf(cudnnHandle_t handle) { return *reinterpret_cast<Handle*>(handle); }

cudnnStatus_t execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                      cudnnBackendDescriptor_t pack) {
  const auto body = objectOf(plan)->value<PlanBody>(kPlanBody);
  if (body.engine == kRefusesRun) {
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "engine 3 refuses to run");
  }
  const Object& tensors = *objectOf(pack);
  const auto numbers = tensors.list<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto addresses = tensors.list<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  const auto workspace = tensors.value<char*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  std::map<int64_t, void*> at;
  for (size_t i = 0; i < numbers.size(); i++) at[numbers[i]] = addresses[i];
  if (!at.count(kX) || !at.count(kFilter) || !at.count(kY) || workspace == nullptr ||
      at.count(kBias) < static_cast<size_t>(body.loops.bias)) {
    return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor or the workspace has no address");
  }
  const auto* bias = static_cast<const float*>(at[kBias]);
  emulated::enqueue(handleOf(handle).stream, "cudnnBackendExecute", [=]() mutable {
    std::memset(workspace, 0xff, kWorkspace);
    emulated::compute(body.loops, at[kX], at[kFilter], bias, at[kY]);
  });
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

// Where folders are named cuDNN has to be in one, so that its absence can be tested.
const CudnnFunctions& cudnn() {
  if (foldersAreNamed()) openLibrary("libcudnn.so.9");
  static const CudnnFunctions functions = {
      [] { return kVersion; },
      [](cudnnStatus_t status) {
        return status == CUDNN_STATUS_NOT_SUPPORTED ? "CUDNN_STATUS_NOT_SUPPORTED"
                                                    : "CUDNN_STATUS_BAD_PARAM";
      },
      [](char* message, size_t size) { std::snprintf(message, size, "%s", failure.c_str()); },
      [](cudnnHandle_t* handle) {
        *handle = reinterpret_cast<cudnnHandle_t>(new Handle);
        return CUDNN_STATUS_SUCCESS;
      },
      [](cudnnHandle_t handle) {
        delete &handleOf(handle);
        return CUDNN_STATUS_SUCCESS;
      },
      [](cudnnHandle_t handle, cudaStream_t stream) {
        handleOf(handle).stream = stream;
        return CUDNN_STATUS_SUCCESS;
      },
      create,
      destroy,
      set,
      get,
      finalize,
      execute};
  return functions;
}

}  // namespace cnn::cuda
