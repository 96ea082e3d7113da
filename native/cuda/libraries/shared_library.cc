#include "shared_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <vector>

// Folders found at build time, separated by colons (CMakeLists.txt).
#ifndef CNN_CUDA_BUILD_FOLDERS
#define CNN_CUDA_BUILD_FOLDERS ""
#endif

namespace cnn::cuda {
namespace {

std::mutex mutex;

std::vector<std::string> foldersOf(const char* list) {
  std::vector<std::string> folders;
  std::istringstream stream(list == nullptr ? "" : list);
  for (std::string folder; std::getline(stream, folder, ':');) {
    if (!folder.empty()) folders.push_back(folder);
  }
  return folders;
}

std::vector<std::string> namedFolders() { return foldersOf(std::getenv("CNN_CUDA_LIBRARIES")); }

std::vector<std::string> libraryFolders() {
  return foldersAreNamed() ? namedFolders() : foldersOf(CNN_CUDA_BUILD_FOLDERS);
}

// `refused` tells of a file that is there and does not load.
void* open(const std::string& name, std::string& refused) {
  static std::map<std::string, void*> opened;
  auto& library = opened[name];
  std::vector<std::string> paths;
  for (const auto& folder : libraryFolders()) paths.push_back(folder + '/' + name);
  paths.push_back(name);
  for (const auto& path : paths) {
    if (library != nullptr) break;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library != nullptr) break;
    const std::string error = dlerror();
    if (error.find("No such file") == std::string::npos) refused = error;
  }
  return library;
}

std::string joined(const std::vector<std::string>& folders) {
  std::string text;
  for (const auto& folder : folders) text += folder + ", ";
  return text.empty() ? "" : text + "or ";
}

}  // namespace

void* openLibrary(const std::string& name) {
  std::lock_guard<std::mutex> lock(mutex);
  std::string refused;
  if (void* library = open(name, refused)) return library;
  if (!refused.empty()) throw std::runtime_error("Expected to load " + name + " but " + refused);
  throw std::runtime_error("Expected " + name + " in " + joined(libraryFolders()) +
                           "the system's folders but it is in none: run bin/setup --cuda, or "
                           "set CNN_CUDA_LIBRARIES to the folder that has it");
}

void* openIfThere(const std::string& name) {
  std::lock_guard<std::mutex> lock(mutex);
  std::string refused;
  return open(name, refused);
}

bool foldersAreNamed() { return !namedFolders().empty(); }

void* findFunction(void* library, const char* name) {
  if (void* function = dlsym(library, name)) return function;
  throw std::runtime_error(std::string("Expected the function ") + name +
                           " in a library of CUDA 13 or cuDNN 9 but it has none: it is too old; "
                           "run bin/setup --cuda");
}

}  // namespace cnn::cuda
