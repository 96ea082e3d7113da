// cuDNN and cuBLASLt as a whole.
#pragma once
#include <string>

namespace cnn::cuda {

// Opens both and returns their versions: "cuDNN 9.19.0, cuBLASLt 13.1.0". Throws one sentence where
// one is missing or too old. The emulated build has none, and returns "".
std::string openLibraries();

}  // namespace cnn::cuda
