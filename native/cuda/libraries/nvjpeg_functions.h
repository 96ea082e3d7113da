// The functions of nvJPEG 13 that we call, with their types under names of our own, so that its
// header is not needed to build; where it is there, nvidia/nvjpeg_header.cc compares.
#pragma once
#include <cstddef>

#include "cuda/runtime.h"

namespace cnn::cuda::nvjpeg {

enum class Status : int {
  Success = 0,
  BadJpeg = 3,
  JpegNotSupported = 4,
  AllocatorFailure = 5,
  ExecutionFailed = 6,
  ArchMismatch = 7,
  ImplementationNotSupported = 9,
  IncompleteBitstream = 10,
};
enum class Backend : int { Hybrid = 1, Hardware = 3 };
enum class OutputFormat : int { InterleavedRgb = 5 };
// Parts of a version.
enum class Property : int { Major = 0, Minor = 1, Patch = 2 };
constexpr unsigned kStrictBitstream = 1 << 2, kUpsamplingWithInterpolation = 1 << 5;

struct Image {
  unsigned char* channel[4];
  size_t pitch[4];
};
// Both functions return 0 where they succeed.
struct Allocator {
  int (*allocate)(void* context, void** memory, size_t bytes, StreamHandle stream);
  int (*release)(void* context, void* memory, size_t bytes, StreamHandle stream);
  void* context;
};

using Handle = struct HandleBody*;
using State = struct StateBody*;
using JpegStream = struct JpegStreamBody*;
using Params = struct ParamsBody*;
using Decoder = struct DecoderBody*;
using PinnedBuffer = struct PinnedBufferBody*;
using DeviceBuffer = struct DeviceBufferBody*;
using Bytes = const unsigned char*;

#define CNN_NVJPEG_FUNCTIONS(X)                                                         \
  X(nvjpegGetProperty, Property, int*)                                                  \
  X(nvjpegCreateExV2, Backend, Allocator*, Allocator*, unsigned, Handle*)               \
  X(nvjpegDestroy, Handle)                                                              \
  X(nvjpegJpegStateCreate, Handle, State*)                                              \
  X(nvjpegJpegStateDestroy, State)                                                      \
  X(nvjpegJpegStreamCreate, Handle, JpegStream*)                                        \
  X(nvjpegJpegStreamDestroy, JpegStream)                                                \
  X(nvjpegJpegStreamParse, Handle, Bytes, size_t, int, int, JpegStream)                 \
  X(nvjpegDecodeParamsCreate, Handle, Params*)                                          \
  X(nvjpegDecodeParamsDestroy, Params)                                                  \
  X(nvjpegDecodeParamsSetOutputFormat, Params, OutputFormat)                            \
  X(nvjpegBufferPinnedCreateV2, Handle, Allocator*, PinnedBuffer*)                      \
  X(nvjpegBufferPinnedDestroy, PinnedBuffer)                                            \
  X(nvjpegBufferDeviceCreateV2, Handle, Allocator*, DeviceBuffer*)                      \
  X(nvjpegBufferDeviceDestroy, DeviceBuffer)                                            \
  X(nvjpegStateAttachPinnedBuffer, State, PinnedBuffer)                                 \
  X(nvjpegStateAttachDeviceBuffer, State, DeviceBuffer)                                 \
  X(nvjpegDecoderCreate, Handle, Backend, Decoder*)                                     \
  X(nvjpegDecoderDestroy, Decoder)                                                      \
  X(nvjpegDecoderStateCreate, Handle, Decoder, State*)                                  \
  X(nvjpegDecoderJpegSupported, Decoder, JpegStream, Params, int*)                      \
  X(nvjpegDecodeJpegHost, Handle, Decoder, State, Params, JpegStream)                   \
  X(nvjpegDecodeJpegTransferToDevice, Handle, Decoder, State, JpegStream, StreamHandle) \
  X(nvjpegDecodeJpegDevice, Handle, Decoder, State, Image*, StreamHandle)               \
  X(nvjpegDecodeBatchedSupported, Handle, JpegStream, int*)                             \
  X(nvjpegDecodeBatchedInitialize, Handle, State, int, int, OutputFormat)               \
  X(nvjpegDecodeBatched, Handle, State, const Bytes*, const size_t*, Image*, StreamHandle)

struct Functions {
#define CNN_FUNCTION(name, ...) Status (*name)(__VA_ARGS__);
  CNN_NVJPEG_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION
};

// Opens nvJPEG at the first call.
const Functions& functions();

}  // namespace cnn::cuda::nvjpeg
