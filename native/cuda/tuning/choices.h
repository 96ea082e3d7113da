// What was chosen by measurement before, and kernels that took seconds to compile: in memory, and
// in a file for each kind of GPU and version of the libraries.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "records.h"

namespace cnn::cuda {

class Choices {
 public:
  // In memory alone.
  Choices() = default;
  // Reads the file, if it is there; its first line must be `head`. What is not ours is replaced by
  // a new file at the first add().
  Choices(std::string path, Record head);

  std::optional<std::string> find(const std::string& key) const;
  // A file that cannot be written is no error: the choice is kept in memory.
  void add(const std::string& key, const std::string& value);

 private:
  const std::string path_;
  const Record head_;
  bool readable_ = false;
  std::unordered_map<std::string, std::string> values_;
  mutable std::mutex mutex_;
};

// Where the choices of this GPU and these libraries are kept: below $CNN_CACHE, or ~/.cache/cnn.
// Empty where there is no such place.
std::string choicesPath(const std::string& gpu, size_t cudnnVersion, size_t cublasVersion);

}  // namespace cnn::cuda
