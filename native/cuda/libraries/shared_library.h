// Opens NVIDIA's libraries where they are, at their first use. Nothing links them: an addon with
// the backend cuda loads on machines without any of them.
#pragma once
#include <string>

namespace cnn::cuda {

// Opens a library once, in a folder that was found at build time or in the system's; where
// CNN_CUDA_LIBRARIES names folders, in one of them or in the system's. Later calls give the same
// handle. Throws one sentence that says where it was looked for and what to do.
void* openLibrary(const std::string& name);

// Opens it where it is there. cuDNN finds what it needs for itself, but not always from where it
// is; a library that is open already is found everywhere.
void* openIfThere(const std::string& name);

// Whether CNN_CUDA_LIBRARIES names a folder.
bool foldersAreNamed();

// A function of an open library; throws where the library lacks it.
void* findFunction(void* library, const char* name);

}  // namespace cnn::cuda
