#include "records.h"

#include <cstdio>

namespace cnn::cuda {
namespace {

void writeString(std::string& text, const std::string& value) {
  text += '"';
  for (const char c : value) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (code < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", code);
      text += escape;
    } else {
      text += c;
    }
  }
  text += '"';
}

// Reads from `at` on.
struct Reader {
  const std::string& text;
  size_t at = 0;

  bool take(char wanted) {
    if (at >= text.size() || text[at] != wanted) return false;
    at++;
    return true;
  }

  bool takeString(std::string& value) {
    if (!take('"')) return false;
    value.clear();
    while (at < text.size() && text[at] != '"') {
      if (text[at] == '\\' ? !takeEscape(value) : !takePlain(value)) return false;
    }
    return take('"');
  }

 private:
  bool takePlain(std::string& value) {
    value += text[at++];
    return true;
  }

  // Of those that writeString makes.
  bool takeEscape(std::string& value) {
    at++;
    if (at >= text.size()) return false;
    const char kind = text[at++];
    if (kind == '"' || kind == '\\') {
      value += kind;
      return true;
    }
    unsigned code = 0;
    if (kind != 'u' || at + 4 > text.size()) return false;
    if (std::sscanf(text.substr(at, 4).c_str(), "%4x", &code) != 1 || code >= 0x20) return false;
    value += static_cast<char>(code);
    at += 4;
    return true;
  }
};

}  // namespace

std::string writeRecord(const Record& record) {
  std::string text;
  for (const auto& [key, value] : record) {
    text += text.empty() ? '{' : ',';
    writeString(text, key);
    text += ':';
    writeString(text, value);
  }
  return text + '}';
}

bool readRecord(const std::string& line, Record& record) {
  Reader reader{line};
  record.clear();
  if (!reader.take('{')) return false;
  do {
    std::string key, value;
    if (!reader.takeString(key) || !reader.take(':') || !reader.takeString(value)) return false;
    record[key] = value;
  } while (reader.take(','));
  return reader.take('}') && reader.at == line.size();
}

}  // namespace cnn::cuda
