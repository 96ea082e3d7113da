#include "library.h"

#include <new>
#include <stdexcept>

namespace cnn::cuda {
namespace {

using namespace nvjpeg;

[[noreturn]] void fail(Status status, const char* what) {
  if (status == Status::AllocatorFailure) throw std::bad_alloc();
  throw std::runtime_error(std::string("The GPU failed in ") + what + ": nvJPEG's status " +
                           std::to_string(static_cast<int>(status)));
}

void check(Status status, const char* what) {
  if (status != Status::Success) fail(status, what);
}

// Whether nvJPEG took the image; throws where the failure is not that of the image.
bool taken(Status status, const char* what) {
  switch (status) {
    case Status::Success:
      return true;
    case Status::BadJpeg:
    case Status::JpegNotSupported:
    case Status::ImplementationNotSupported:
    case Status::IncompleteBitstream:
      return false;
    default:
      fail(status, what);
  }
}

int takePinned(void*, void** memory, size_t bytes, StreamHandle) noexcept {
  try {
    *memory = allocatePinned(bytes);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}
int givePinnedBack(void*, void* memory, size_t, StreamHandle) noexcept {
  freePinned(memory);
  return 0;
}

}  // namespace

int JpegLibrary::takeMemory(void* library, void** memory, size_t bytes, StreamHandle) noexcept {
  auto& self = *static_cast<JpegLibrary*>(library);
  try {
    auto block = std::make_unique<AlignedBlock>(&self.pool_, bytes);
    *memory = block->data();
    std::lock_guard<std::mutex> lock(self.mutex_);
    self.blocks_[*memory] = std::move(block);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

int JpegLibrary::giveMemoryBack(void* library, void* memory, size_t, StreamHandle) noexcept {
  auto& self = *static_cast<JpegLibrary*>(library);
  std::lock_guard<std::mutex> lock(self.mutex_);
  self.blocks_.erase(memory);
  return 0;
}

std::string JpegLibrary::version() {
  std::string text = "nvJPEG";
  for (const Property part : {Property::Major, Property::Minor, Property::Patch}) {
    int value = 0;
    check(functions().nvjpegGetProperty(part, &value), "the version of nvJPEG");
    text += (part == Property::Major ? " " : ".") + std::to_string(value);
  }
  return text;
}

std::string JpegLibrary::describe() const {
  return version() + (hardware_ ? " on the GPU's JPEG engine"
                                : " (Huffman codes on the processor, the rest on the GPU)");
}

JpegLibrary::JpegLibrary(MemoryPool& pool, StreamHandle stream)
    : pool_(pool),
      stream_(stream),
      device_{takeMemory, giveMemoryBack, this},
      pinned_{takePinned, givePinnedBack, this} {
  constexpr unsigned kFlags = kStrictBitstream | kUpsamplingWithInterpolation;
  const Functions& call = functions();
  Status status = call.nvjpegCreateExV2(Backend::Hardware, &device_, &pinned_, kFlags, &handle_);
  if (status != Status::Success && status != Status::AllocatorFailure) {
    hardware_ = false;
    status = call.nvjpegCreateExV2(Backend::Hybrid, &device_, &pinned_, kFlags, &handle_);
  }
  check(status, "the start of nvJPEG");
  check(call.nvjpegDecoderCreate(handle_, Backend::Hybrid, &decoder_), "a decoder");
  check(call.nvjpegBufferDeviceCreateV2(handle_, &device_, &buffer_), "a buffer");
  for (Batch& batch : batches_) {
    if (hardware_) check(call.nvjpegJpegStateCreate(handle_, &batch.state), "the state of a batch");
  }
}

JpegLibrary::~JpegLibrary() {
  const Functions& call = functions();
  for (const Batch& batch : batches_) {
    if (batch.state != nullptr) call.nvjpegJpegStateDestroy(batch.state);
  }
  if (buffer_ != nullptr) call.nvjpegBufferDeviceDestroy(buffer_);
  if (decoder_ != nullptr) call.nvjpegDecoderDestroy(decoder_);
  if (handle_ != nullptr) call.nvjpegDestroy(handle_);
}

bool JpegLibrary::decodeBatch(const std::vector<JpegImage>& images,
                              const std::vector<DevicePixels>& pixels) {
  const Functions& call = functions();
  std::vector<Bytes> bytes;
  std::vector<size_t> lengths;
  std::vector<Image> targets;
  for (size_t i = 0; i < images.size(); i++) {
    bytes.push_back(images[i].bytes);
    lengths.push_back(images[i].length);
    targets.push_back({{pixels[i].data}, {pixels[i].pitch}});
  }
  Batch& batch = batches_[turn_++ % 2];
  if (batch.size != images.size()) {
    check(call.nvjpegDecodeBatchedInitialize(handle_, batch.state, static_cast<int>(images.size()),
                                             1, OutputFormat::InterleavedRgb),
          "the start of a batch");
    batch.size = images.size();
  }
  const Status status = call.nvjpegDecodeBatched(handle_, batch.state, bytes.data(), lengths.data(),
                                                 targets.data(), stream_);
  // What a failure leaves behind is not used again.
  if (status != Status::Success) batch.size = 0;
  return status != Status::ExecutionFailed && taken(status, "a batch of JPEGs");
}

JpegLibrary::Lane::Lane(JpegLibrary& library) : library_(library) {
  const Functions& call = functions();
  check(call.nvjpegDecoderStateCreate(library.handle_, library.decoder_, &state_), "a state");
  check(call.nvjpegJpegStreamCreate(library.handle_, &parsed_), "a bitstream");
  check(call.nvjpegDecodeParamsCreate(library.handle_, &params_), "parameters");
  check(call.nvjpegDecodeParamsSetOutputFormat(params_, OutputFormat::InterleavedRgb),
        "the format of pixels");
  check(call.nvjpegBufferPinnedCreateV2(library.handle_, &library.pinned_, &buffer_), "a buffer");
  check(call.nvjpegStateAttachPinnedBuffer(state_, buffer_), "a buffer");
  check(call.nvjpegStateAttachDeviceBuffer(state_, library.buffer_), "a buffer");
}

JpegLibrary::Lane::~Lane() {
  const Functions& call = functions();
  if (state_ != nullptr) call.nvjpegJpegStateDestroy(state_);
  if (buffer_ != nullptr) call.nvjpegBufferPinnedDestroy(buffer_);
  if (params_ != nullptr) call.nvjpegDecodeParamsDestroy(params_);
  if (parsed_ != nullptr) call.nvjpegJpegStreamDestroy(parsed_);
}

bool JpegLibrary::Lane::parse(const JpegImage& image) {
  const Status status =
      functions().nvjpegJpegStreamParse(library_.handle_, image.bytes, image.length, 0, 0, parsed_);
  return taken(status, "a JPEG's header");
}

bool JpegLibrary::Lane::fitsHardware(const JpegImage& image) {
  int refused = 1;
  return parse(image) &&
         taken(functions().nvjpegDecodeBatchedSupported(library_.handle_, parsed_, &refused),
               "a JPEG's header") &&
         refused == 0;
}

bool JpegLibrary::Lane::decodeOnHost(const JpegImage& image) {
  const Functions& call = functions();
  int refused = 1;
  return parse(image) &&
         taken(call.nvjpegDecoderJpegSupported(library_.decoder_, parsed_, params_, &refused),
               "a JPEG's header") &&
         refused == 0 &&
         taken(call.nvjpegDecodeJpegHost(library_.handle_, library_.decoder_, state_, params_,
                                         parsed_),
               "the first half of a JPEG");
}

bool JpegLibrary::Lane::decodeOnDevice(const DevicePixels& pixels) {
  const Functions& call = functions();
  Image target{{pixels.data}, {pixels.pitch}};
  const StreamHandle stream = library_.stream_;
  return taken(call.nvjpegDecodeJpegTransferToDevice(library_.handle_, library_.decoder_, state_,
                                                     parsed_, stream),
               "the second half of a JPEG") &&
         taken(call.nvjpegDecodeJpegDevice(library_.handle_, library_.decoder_, state_, &target,
                                           stream),
               "the second half of a JPEG");
}

}  // namespace cnn::cuda
