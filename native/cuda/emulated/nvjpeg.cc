// An nvJPEG that decodes by libjpeg-turbo on the emulated GPU. Its memory and its order are those
// of the real one: the first half of an image goes to a buffer of pinned memory, the second one
// reads it when the stream gets there, as a batch for the engine reads its bytes.
#include <cstring>
#include <memory>
#include <vector>

#include "../libraries/nvjpeg_functions.h"
#include "../libraries/shared_library.h"
#include "jpeg/decoder.h"
#include "stream.h"

namespace cnn::cuda::nvjpeg {

struct HandleBody {
  Allocator device, pinned;
  bool hardware;
};

// Memory of an allocator that grows.
struct Buffer {
  explicit Buffer(const Allocator& allocator) : allocator(allocator) {}
  ~Buffer() { release(); }
  bool grow(size_t wanted) {
    if (wanted <= bytes) return true;
    release();
    if (allocator.allocate(allocator.context, &memory, wanted, nullptr) != 0) return false;
    bytes = wanted;
    return true;
  }
  void release() {
    if (bytes > 0) allocator.release(allocator.context, memory, bytes, nullptr);
    bytes = 0;
  }
  Allocator allocator;
  void* memory = nullptr;
  size_t bytes = 0;
};
struct PinnedBufferBody : Buffer {
  using Buffer::Buffer;
};
struct DeviceBufferBody : Buffer {
  using Buffer::Buffer;
};

struct JpegStreamBody {
  JpegDecoder decoder;
};
struct StateBody {
  PinnedBuffer pinned = nullptr;
  DeviceBuffer device = nullptr;
  int width = 0, height = 0;
  int batch = 0;
};
struct ParamsBody {
  OutputFormat format;
};
struct DecoderBody {};

namespace {

// The whole open image to rows of `pitch` bytes; false if it is damaged.
bool decodeTo(JpegDecoder& decoder, uint8_t* rows, size_t pitch) {
  constexpr int kGroup = 16;
  const int width = decoder.width();
  return decoder.decode({0, 0, width, decoder.height()}, kGroup,
                        [&](const uint8_t* pixels, int count) {
                          for (int row = 0; row < count; row++, rows += pitch) {
                            const uint8_t* from = pixels + row * decoder.stride();
                            for (int x = 0; x < width; x++)
                              std::memcpy(rows + 3 * x, from + 4 * x, 3);
                          }
                        });
}

Status parse(Handle, Bytes bytes, size_t length, int, int, JpegStream stream) {
  return stream->decoder.open(bytes, length) ? Status::Success : Status::BadJpeg;
}

Status decodeOnHost(Handle, Decoder, State state, Params params, JpegStream stream) {
  if (params->format != OutputFormat::InterleavedRgb) return Status::ImplementationNotSupported;
  state->width = stream->decoder.width();
  state->height = stream->decoder.height();
  const size_t pitch = 3 * static_cast<size_t>(state->width);
  if (!state->pinned->grow(pitch * static_cast<size_t>(state->height))) {
    return Status::AllocatorFailure;
  }
  auto* rows = static_cast<uint8_t*>(state->pinned->memory);
  return decodeTo(stream->decoder, rows, pitch) ? Status::Success : Status::BadJpeg;
}

Status transfer(Handle, Decoder, State state, JpegStream, StreamHandle stream) {
  const size_t bytes = 3 * static_cast<size_t>(state->width) * static_cast<size_t>(state->height);
  if (!state->device->grow(bytes)) return Status::AllocatorFailure;
  emulated::enqueue(stream, "nvjpegDecodeJpegTransferToDevice",
                    [to = state->device->memory, from = state->pinned->memory, bytes] {
                      std::memcpy(to, from, bytes);
                    });
  return Status::Success;
}

Status decodeOnDevice(Handle, Decoder, State state, Image* target, StreamHandle stream) {
  const auto row = 3 * static_cast<size_t>(state->width);
  emulated::enqueue(stream, "nvjpegDecodeJpegDevice",
                    [to = target->channel[0], pitch = target->pitch[0], row,
                     from = static_cast<const uint8_t*>(state->device->memory),
                     height = static_cast<size_t>(state->height)] {
                      for (size_t y = 0; y < height; y++) {
                        std::memcpy(to + y * pitch, from + y * row, row);
                      }
                    });
  return Status::Success;
}

Status startBatch(Handle handle, State state, int count, int, OutputFormat format) {
  if (!handle->hardware || format != OutputFormat::InterleavedRgb) {
    return Status::ImplementationNotSupported;
  }
  state->batch = count;
  return Status::Success;
}

// One damaged image fails all of them.
Status decodeBatch(Handle, State state, const Bytes* bytes, const size_t* lengths, Image* targets,
                   StreamHandle stream) {
  for (int i = 0; i < state->batch; i++) {
    JpegDecoder decoder;
    if (!decoder.open(bytes[i], lengths[i])) return Status::ExecutionFailed;
    std::vector<uint8_t> rows(3 * static_cast<size_t>(decoder.width()) * decoder.height());
    if (!decodeTo(decoder, rows.data(), 3 * static_cast<size_t>(decoder.width()))) {
      return Status::ExecutionFailed;
    }
  }
  for (int i = 0; i < state->batch; i++) {
    emulated::enqueue(stream, "nvjpegDecodeBatched",
                      [bytes = bytes[i], length = lengths[i], target = targets[i]] {
                        JpegDecoder decoder;
                        decoder.open(bytes, length);
                        decodeTo(decoder, target.channel[0], target.pitch[0]);
                      });
  }
  return Status::Success;
}

template <class Body, class... Arguments>
Status make(Body** made, Arguments&&... arguments) {
  *made = new Body{std::forward<Arguments>(arguments)...};
  return Status::Success;
}
template <class Body>
Status destroy(Body* body) {
  delete body;
  return Status::Success;
}

}  // namespace

// Where folders are named nvJPEG has to be in one, so that its absence can be tested.
const Functions& functions() {
  if (foldersAreNamed()) openLibrary("libnvjpeg.so.13");
  static const Functions functions = {
      [](Property part, int* value) {
        *value = part == Property::Major ? 13 : 0;
        return Status::Success;
      },
      [](Backend backend, Allocator* device, Allocator* pinned, unsigned, Handle* handle) {
        const bool hardware = backend == Backend::Hardware;
        if (hardware && emulated::asked("jpeg") != "hardware") return Status::ArchMismatch;
        return make(handle, *device, *pinned, hardware);
      },
      destroy, [](Handle, State* state) { return make(state); }, destroy,
      [](Handle, JpegStream* stream) { return make(stream); }, destroy, parse,
      [](Handle, Params* params) { return make(params); }, destroy,
      [](Params params, OutputFormat format) {
        params->format = format;
        return Status::Success;
      },
      [](Handle, Allocator* allocator, PinnedBuffer* buffer) { return make(buffer, *allocator); },
      destroy,
      [](Handle, Allocator* allocator, DeviceBuffer* buffer) { return make(buffer, *allocator); },
      destroy,
      [](State state, PinnedBuffer buffer) {
        state->pinned = buffer;
        return Status::Success;
      },
      [](State state, DeviceBuffer buffer) {
        state->device = buffer;
        return Status::Success;
      },
      [](Handle, Backend, Decoder* decoder) { return make(decoder); }, destroy,
      [](Handle, Decoder, State* state) { return make(state); },
      [](Decoder, JpegStream, Params, int* refused) {
        *refused = 0;
        return Status::Success;
      },
      decodeOnHost, transfer, decodeOnDevice,
      // Engines do not take progressive images.
      [](Handle, JpegStream stream, int* refused) {
        *refused = stream->decoder.progressive();
        return Status::Success;
      },
      startBatch, decodeBatch};
  return functions;
}

}  // namespace cnn::cuda::nvjpeg
