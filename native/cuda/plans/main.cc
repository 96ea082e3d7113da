// cudnn-plans DEVICE.json [--driver libcuda.so.1] [--skip-compiled]: plans convolutions for a GPU
// that need not be there, with the code of the backend. Each line of the input is a convolution,
//   kernel  types  bias  fields of ConvParams
//   FusedConv2D bf16 1 128 224 224 3 …
// and each way to compute it gives a line of CSV. Engines that are compiled at run time want a
// driver to be there, if only in name (stub-driver.sh).
#include <dlfcn.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "../cudnn/plan.h"
#include "../cudnn/ways.h"

namespace cnn::cuda {
namespace {

struct Options {
  std::string device;
  std::string driver;
  bool compile = true;
};

Options readArguments(int count, char** words) {
  Options options;
  for (int i = 1; i < count; i++) {
    const std::string word = words[i];
    if (word == "--driver" && i + 1 < count) {
      options.driver = words[++i];
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

// Engines allowed and refused, and the first plan that is made.
void plan(const ConvolutionRequest& request, const Way& way, const Target& target, bool compile) {
  const auto start = std::chrono::steady_clock::now();
  const Descriptor graph =
      convolutionGraph(request.params, typesOf(request, way), way.pass, target);
  const auto engines = findEngines(graph, target, rulesFor(request, way, true));
  size_t refused = 0;
  for (const auto& engine : engines) {
    if (engine.compiledAtRunTime && !compile) continue;
    const auto made = Plan::make(engine, target);
    refused += made ? 0 : 1;
    if (!made) continue;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::cout << engines.size() << ',' << refused << ',' << engine.index << ','
              << (engine.compiledAtRunTime ? "at run time" : "ready") << ','
              << made->workspaceBytes() << ',' << made->json().size() << ',' << seconds.count();
    return;
  }
  std::cout << engines.size() << ',' << refused << ",,,,,";
}

void run(const Options& options) {
  if (!options.driver.empty() && !dlopen(options.driver.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
    throw std::runtime_error(dlerror());
  }
  const Target target = Target::ofProperties(readFile(options.device));
  std::cout << "line,way,engines,refused,engine,compiled,workspace,json,seconds\n";
  int number = 0;
  for (std::string line; std::getline(std::cin, line); number++) {
    const ConvolutionRequest request = readRequest(line);
    for (const Way& way : waysOf(request)) {
      std::cout << number << ',' << (way.product ? "cublasLt" : "cuDNN") << ' ' << nameOf(way.pass)
                << ',';
      if (way.product) {
        std::cout << ",,,,,,";
      } else {
        plan(request, way, target, options.compile);
      }
      std::cout << std::endl;
    }
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
