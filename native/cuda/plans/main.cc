// cudnn-plans DEVICE.json [--driver libcuda.so.1] [--skip-compiled] [--keep GPU]: plans
// convolutions for a GPU that need not be there, with the code of the backend. Each line of the
// input is one,
//   kernel  types  bias  fields of ConvParams
//   FusedConv2D bf16 1 128 224 224 3 …
// and each way to compute it gives a line of CSV. Engines that are compiled at run time want a
// driver to be there, if only in name (stub-driver.sh). With --keep they go into the file of
// choices that the backend reads on the GPU of this name, followed by the number of its
// multiprocessors.
#include <dlfcn.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "../cudnn/compiled.h"
#include "../libraries/cublaslt_functions.h"

namespace cnn::cuda {
namespace {

struct Options {
  std::string device;
  std::string driver;
  std::string keepFor;
  bool compile = true;
};

Options readArguments(int count, char** words) {
  Options options;
  for (int i = 1; i < count; i++) {
    const std::string word = words[i];
    if (word == "--driver" && i + 1 < count) {
      options.driver = words[++i];
    } else if (word == "--keep" && i + 1 < count) {
      options.keepFor = words[++i];
    } else if (word == "--skip-compiled") {
      options.compile = false;
    } else {
      options.device = word;
    }
  }
  if (options.device.empty()) {
    throw std::runtime_error(
        "Expected a file with the properties of a device: cudnn-plans DEVICE.json");
  }
  return options;
}

std::string readFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("Expected the properties of a device in " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What the engines come to, as the columns of a line.
struct Found {
  size_t engines = 0, refused = 0;
  std::string engine, compiled;  // of the first plan
  size_t workspace = 0, json = 0;
};

Found plan(const ConvolutionRequest& request, const Way& way, const Target& target, bool compile,
           Choices* choices) {
  const Descriptor graph =
      convolutionGraph(request.params, typesOf(request, way), way.pass, target);
  const auto engines = findEngines(graph, target, rulesFor(request, way, true));
  static const Choices none;
  Found found;
  found.engines = engines.size();
  for (const Engine& engine : engines) {
    const bool wanted = found.engine.empty() || (choices != nullptr && engine.compiledAtRunTime);
    if (!wanted || (engine.compiledAtRunTime && !compile)) continue;
    const auto made = makePlan(request, way, engine, target, choices ? *choices : none);
    found.refused += made ? 0 : 1;
    if (!made) continue;
    if (choices != nullptr && engine.compiledAtRunTime) {
      keepPlan(request, way, engine, *made, *choices);
    }
    if (!found.engine.empty()) continue;
    found.engine = std::to_string(engine.index);
    found.compiled = engine.compiledAtRunTime ? "at run time" : "ready";
    found.workspace = made->workspaceBytes();
    found.json = made->json().size();
  }
  return found;
}

void planLine(int number, const std::string& line, const Target& target, bool compile,
              Choices* choices) {
  const ConvolutionRequest request = readRequest(line);
  for (const Way& way : waysOf(request)) {
    const auto start = std::chrono::steady_clock::now();
    const Found found = way.product ? Found{} : plan(request, way, target, compile, choices);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::cout << number << ',' << (way.product ? "cublasLt" : "cuDNN") << ' ' << nameOf(way.pass)
              << ',' << found.engines << ',' << found.refused << ',' << found.engine << ','
              << found.compiled << ',' << found.workspace << ',' << found.json << ','
              << seconds.count() << std::endl;
  }
}

void run(const Options& options) {
  if (!options.driver.empty() && !dlopen(options.driver.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
    throw std::runtime_error(dlerror());
  }
  const Target target = Target::ofProperties(readFile(options.device));
  std::cout << "line,way,engines,refused,engine,compiled,workspace,json,seconds\n";
  std::unique_ptr<Choices> choices;
  if (!options.keepFor.empty()) {
    choices = std::make_unique<Choices>(options.keepFor, cudnn().cudnnGetVersion(),
                                        cublasLt().cublasLtGetVersion());
  }
  int number = 0;
  for (std::string line; std::getline(std::cin, line); number++) {
    planLine(number, line, target, options.compile, choices.get());
  }
}

}  // namespace
}  // namespace cnn::cuda

int main(int count, char** words) {
  try {
    cnn::cuda::run(cnn::cuda::readArguments(count, words));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
