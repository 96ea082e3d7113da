// What processes that train together need of whatever carries bytes between them: a C table, so
// that a library for it is compiled on its own (build/cnn_mpi.so) and loaded only where it is asked
// for.
//
// All functions of an open transport are called by one thread. Those that return text return null
// or why they failed, which is valid until the next call.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cnn {

constexpr int32_t kTransportVersion = 1;

struct TransportWorld {
  int32_t rank;
  int32_t size;
  int32_t localRank;  // among those of this machine
  int32_t localSize;
};

struct Transport {
  int32_t version;
  // What computes, in a line; valid before open() too.
  const char* (*describe)();
  const char* (*open)(void** self, TransportWorld* world);
  // Begins to carry bytes, which stay the caller's until the request is done. Messages of a pair of
  // ranks and a tag arrive in the order in which they were sent.
  const char* (*send)(void* self, int32_t peer, int32_t tag, const void* bytes, size_t count,
                      void** request);
  const char* (*receive)(void* self, int32_t peer, int32_t tag, void* bytes, size_t count,
                         void** request);
  // Whether a request is done, which frees it; never waits.
  const char* (*test)(void* self, void* request, bool* done);
  // Ends it after all ranks have come to this; not after a failure.
  const char* (*close)(void* self);
};

// What a library of a transport exports, under the name of kTransportSymbol.
using TransportFunction = const Transport* (*)();
constexpr const char* kTransportSymbol = "cnn_transport";

}  // namespace cnn
