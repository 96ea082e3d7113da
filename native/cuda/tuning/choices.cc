#include "choices.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cnn::cuda {
namespace {

// In one call, so that processes that append at the same time do not mix their lines.
void writeLine(const std::string& path, const std::string& line, int flags) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (file < 0) return;
  const std::string text = line + '\n';
  [[maybe_unused]] const ssize_t written = write(file, text.data(), text.size());
  close(file);
}

// Empty where there is no place for it.
std::string pathOf(const Record& head) {
  std::string folder;
  if (const char* cache = std::getenv("CNN_CACHE"); cache != nullptr && cache[0] != 0) {
    folder = cache;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && home[0] != 0) {
    folder = std::string(home) + "/.cache/cnn";
  } else {
    return "";
  }
  std::string name;
  for (const char c : head.at("gpu")) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return folder + "/cuda/" + name + "-cudnn" + head.at("cudnn") + "-cublas" + head.at("cublasLt") +
         ".jsonl";
}

}  // namespace

Choices::Choices(const std::string& gpu, size_t cudnnVersion, size_t cublasVersion)
    : head_{{"gpu", gpu},
            {"cudnn", std::to_string(cudnnVersion)},
            {"cublasLt", std::to_string(cublasVersion)}},
      path_(pathOf(head_)) {
  std::ifstream file(path_);
  std::string line;
  Record record;
  readable_ = std::getline(file, line) && readRecord(line, record) && record == head_;
  if (!readable_) return;
  while (std::getline(file, line)) {
    if (readRecord(line, record)) values_[record["key"]] = record["value"];
  }
}

std::optional<std::string> Choices::find(const std::string& key) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

void Choices::add(const std::string& key, const std::string& value) {
  std::lock_guard<std::mutex> lock(mutex_);
  values_[key] = value;
  if (path_.empty()) return;
  if (!readable_) writeLine(path_, writeRecord(head_), O_TRUNC);
  readable_ = true;
  // A line of its own, whatever a process that was stopped left before it.
  writeLine(path_, '\n' + writeRecord({{"key", key}, {"value", value}}), O_APPEND);
}

}  // namespace cnn::cuda
