// MPI as a transport. Compiled where there is an MPI, and loaded where a launcher of MPI has
// started the program.
#include <mpi.h>

#include <algorithm>
#include <climits>
#include <string>

#include "collective.h"

namespace cnn {
namespace {

struct Mpi {
  MPI_Comm communicator = MPI_COMM_NULL;
};

std::string& problem() {
  static thread_local std::string text;
  return text;
}

const char* failed(const char* what, int code) {
  if (code == MPI_SUCCESS) return nullptr;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  problem() = std::string(what) + ": " + text;
  return problem().c_str();
}

const char* describe() {
  static const std::string line = [] {
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(text, &length);
    std::string whole(text, static_cast<size_t>(length));
    std::replace(whole.begin(), whole.end(), '\t', ' ');
    return whole.substr(0, whole.find_first_of(",\n"));
  }();
  return line.c_str();
}

const char* open(void** self, TransportWorld* world) {
  int provided = MPI_THREAD_SINGLE;
  int done = 0;
  MPI_Initialized(&done);
  if (done) return "MPI was opened before in this process";
  // One thread of several calls MPI.
  if (const char* error = failed(
          "MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided))) {
    return error;
  }
  if (provided < MPI_THREAD_FUNNELED) return "this MPI takes no program of several threads";
  auto* mpi = new Mpi;
  if (const char* error =
          failed("MPI_Comm_dup", MPI_Comm_dup(MPI_COMM_WORLD, &mpi->communicator))) {
    return error;
  }
  MPI_Comm_set_errhandler(mpi->communicator, MPI_ERRORS_RETURN);
  MPI_Comm_rank(mpi->communicator, &world->rank);
  MPI_Comm_size(mpi->communicator, &world->size);
  MPI_Comm machine;
  if (const char* error =
          failed("MPI_Comm_split_type", MPI_Comm_split_type(mpi->communicator, MPI_COMM_TYPE_SHARED,
                                                            0, MPI_INFO_NULL, &machine))) {
    return error;
  }
  MPI_Comm_rank(machine, &world->localRank);
  MPI_Comm_size(machine, &world->localSize);
  MPI_Comm_free(&machine);
  *self = mpi;
  return nullptr;
}

const char* tooLong(size_t count) {
  problem() = "a message of " + std::to_string(count) + " bytes is more than MPI takes";
  return problem().c_str();
}

const char* send(void* self, int32_t peer, int32_t tag, const void* bytes, size_t count,
                 void** request) {
  if (count > INT_MAX) return tooLong(count);
  auto* handle = new MPI_Request;
  *request = handle;
  return failed("MPI_Isend", MPI_Isend(bytes, static_cast<int>(count), MPI_BYTE, peer, tag,
                                       static_cast<Mpi*>(self)->communicator, handle));
}

const char* receive(void* self, int32_t peer, int32_t tag, void* bytes, size_t count,
                    void** request) {
  if (count > INT_MAX) return tooLong(count);
  auto* handle = new MPI_Request;
  *request = handle;
  return failed("MPI_Irecv", MPI_Irecv(bytes, static_cast<int>(count), MPI_BYTE, peer, tag,
                                       static_cast<Mpi*>(self)->communicator, handle));
}

const char* test(void*, void* request, bool* done) {
  auto* handle = static_cast<MPI_Request*>(request);
  int flag = 0;
  const char* error = failed("MPI_Test", MPI_Test(handle, &flag, MPI_STATUS_IGNORE));
  *done = flag != 0;
  if (error != nullptr || *done) delete handle;
  return error;
}

const char* close(void* self) {
  auto* mpi = static_cast<Mpi*>(self);
  MPI_Comm_free(&mpi->communicator);
  delete mpi;
  return failed("MPI_Finalize", MPI_Finalize());
}

constexpr Transport kMpi = {kTransportVersion, describe, open, send, receive, test, close};

}  // namespace
}  // namespace cnn

extern "C" __attribute__((visibility("default"))) const cnn::Transport* cnn_transport() {
  return &cnn::kMpi;
}
