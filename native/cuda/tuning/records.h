// A file of records, each a line of JSON with strings alone: {"key":"…","value":"…"}. Processes may
// append to it at the same time; a line that is damaged is as good as none.
#pragma once
#include <map>
#include <string>

namespace cnn::cuda {

using Record = std::map<std::string, std::string>;

std::string writeRecord(const Record& record);
// False where the line is none.
bool readRecord(const std::string& line, Record& record);

}  // namespace cnn::cuda
