// Compares what libraries/nvjpeg_functions.h says of nvJPEG with its header, where that is there.
#if __has_include(<nvjpeg.h>)
#include <nvjpeg.h>

#include <type_traits>

#include "../libraries/nvjpeg_functions.h"

namespace cnn::cuda::nvjpeg {
namespace {

// Values that are passed alike: both are pointers or neither is, of the same size.
template <class A, class B>
constexpr bool kAlike = std::is_pointer_v<A> == std::is_pointer_v<B> && sizeof(A) == sizeof(B);

template <class Ours, class Theirs>
struct SameCall : std::false_type {};
template <class A, class... As, class B, class... Bs>
struct SameCall<A (*)(As...), B (*)(Bs...)> {
  static constexpr bool all() {
    if constexpr (sizeof...(As) != sizeof...(Bs))
      return false;
    else
      return kAlike<A, B> && (kAlike<As, Bs> && ...);
  }
  static constexpr bool value = all();
};

#define CNN_FUNCTION(name, ...) \
  static_assert(SameCall<decltype(Functions::name), decltype(&::name)>::value, #name);
CNN_NVJPEG_FUNCTIONS(CNN_FUNCTION)
#undef CNN_FUNCTION

template <class Ours, class Theirs>
constexpr bool same(Ours ours, Theirs theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(same(Status::Success, NVJPEG_STATUS_SUCCESS));
static_assert(same(Status::BadJpeg, NVJPEG_STATUS_BAD_JPEG));
static_assert(same(Status::JpegNotSupported, NVJPEG_STATUS_JPEG_NOT_SUPPORTED));
static_assert(same(Status::AllocatorFailure, NVJPEG_STATUS_ALLOCATOR_FAILURE));
static_assert(same(Status::ExecutionFailed, NVJPEG_STATUS_EXECUTION_FAILED));
static_assert(same(Status::ArchMismatch, NVJPEG_STATUS_ARCH_MISMATCH));
static_assert(same(Status::ImplementationNotSupported, NVJPEG_STATUS_IMPLEMENTATION_NOT_SUPPORTED));
static_assert(same(Status::IncompleteBitstream, NVJPEG_STATUS_INCOMPLETE_BITSTREAM));
static_assert(same(Backend::Hybrid, NVJPEG_BACKEND_HYBRID));
static_assert(same(Backend::Hardware, NVJPEG_BACKEND_HARDWARE));
static_assert(same(OutputFormat::InterleavedRgb, NVJPEG_OUTPUT_RGBI));
static_assert(same(Property::Major, MAJOR_VERSION) && same(Property::Minor, MINOR_VERSION) &&
              same(Property::Patch, PATCH_LEVEL));
static_assert(same(kStrictBitstream, NVJPEG_FLAGS_BITSTREAM_STRICT));
static_assert(same(kUpsamplingWithInterpolation, NVJPEG_FLAGS_UPSAMPLING_WITH_INTERPOLATION));
static_assert(sizeof(Image) == sizeof(nvjpegImage_t) &&
              offsetof(Image, pitch) == offsetof(nvjpegImage_t, pitch));
static_assert(sizeof(Allocator) == sizeof(nvjpegDevAllocatorV2_t) &&
              sizeof(Allocator) == sizeof(nvjpegPinnedAllocatorV2_t) &&
              offsetof(Allocator, context) == offsetof(nvjpegDevAllocatorV2_t, dev_ctx) &&
              offsetof(Allocator, context) == offsetof(nvjpegPinnedAllocatorV2_t, pinned_ctx));

}  // namespace
}  // namespace cnn::cuda::nvjpeg
#endif
