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
  // None, and in no file.
  Choices() = default;
  // Of this GPU and these libraries, in a file below $CNN_CACHE, or ~/.cache/cnn. A file that is
  // damaged or of others is replaced at the first add().
  Choices(const std::string& gpu, size_t cudnnVersion, size_t cublasVersion);

  std::optional<std::string> find(const std::string& key) const;
  // A file that cannot be written is no error: the choice is kept in memory.
  void add(const std::string& key, const std::string& value);

 private:
  const Record head_;  // the first line of the file
  const std::string path_;
  bool readable_ = false;
  std::unordered_map<std::string, std::string> values_;
  mutable std::mutex mutex_;
};

}  // namespace cnn::cuda
