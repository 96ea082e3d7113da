#include "batch.h"

#include <cstring>
#include <utility>

#include "common/triangle_filter.h"
#include "resample.h"

namespace cnn::cuda {
namespace {

// Bytes of decoded images at a time, or of a single one that is larger.
constexpr size_t kMostPixelBytes = size_t{256} << 20;

size_t pitchOf(const JpegImage& image) { return 3 * static_cast<size_t>(image.width); }
size_t pixelBytesOf(const JpegImage& image) {
  return pitchOf(image) * static_cast<size_t>(image.height);
}

}  // namespace

// The filters of an image and its window, in pinned memory.
class DeviceBatch::Tables {
 public:
  Tables(const JpegImage& image, const Window& window, PinnedMemory& memory) {
    columns.build(window.left, window.width, window.outWidth, image.width, window.clipped);
    rows.build(window.top, window.height, window.outHeight, image.height, window.clipped);
    bytes_ = bytesOf(columns) + bytesOf(rows);
    pinned = memory.take(bytes_);
    auto* to = static_cast<uint8_t*>(pinned.get());
    write(rows, write(columns, to));
  }
  size_t bytes() const { return bytes_; }
  // Where the device has a copy at `data`.
  std::pair<DeviceFilter, DeviceFilter> on(const uint8_t* data) const {
    return {filterAt(columns, data), filterAt(rows, data + bytesOf(columns))};
  }

  Filter columns, rows;
  std::shared_ptr<void> pinned;

 private:
  static size_t positionBytes(const Filter& filter) {
    return filter.positions.size() * sizeof(Filter::Tap);
  }
  static size_t weightBytes(const Filter& filter) {
    return filter.weights.size() * sizeof(int32_t);
  }
  static size_t bytesOf(const Filter& filter) {
    return positionBytes(filter) + weightBytes(filter);
  }
  static uint8_t* write(const Filter& filter, uint8_t* to) {
    std::memcpy(to, filter.positions.data(), positionBytes(filter));
    std::memcpy(to + positionBytes(filter), filter.weights.data(), weightBytes(filter));
    return to + bytesOf(filter);
  }
  static DeviceFilter filterAt(const Filter& filter, const uint8_t* data) {
    return {reinterpret_cast<const Filter::Tap*>(data),
            reinterpret_cast<const int32_t*>(data + positionBytes(filter)), filter.stride,
            static_cast<int>(filter.positions.size())};
  }

  size_t bytes_ = 0;
};

DeviceBatch::DeviceBatch(Decoder& decoder, int slots, int size, int channels)
    : decoder_(decoder),
      parts_(decoder.parts_),
      slots_(static_cast<size_t>(slots)),
      size_(size),
      channels_(channels),
      tensor_(
          Tensor::create(&parts_.uploads, DType::UInt8, int64_t{slots} * size * size * channels)) {}

DeviceBatch::~DeviceBatch() {
  // The engine may be gone, as when the process ends: its memory is then no one's.
  if (tensor_.exists()) new Tensor(std::move(tensor_));
}

template <class Body>
void DeviceBatch::guarded(const Body& body) {
  try {
    body();
  } catch (const std::exception&) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (error_ == nullptr) error_ = std::current_exception();
  }
}

bool DeviceBatch::take(size_t number, const JpegImage& image, const Window& window, size_t slot) {
  bool taken = false;
  guarded([&] {
    if (slot >= slots_ || !fits(window, image.width, image.height, size_)) return;
    useDevice(parts_.gpu.device);
    if (!decoder_.library_->hardware()) {
      taken = decode(image, window, slot);
      return;
    }
    if (!Decoder::Turn(decoder_)->jpeg.fitsHardware(image)) {
      taken = decode(image, window, slot);
      return;
    }
    const auto bytes = parts_.pinned.take(image.length);
    std::memcpy(bytes.get(), image.bytes, image.length);
    hold(bytes);
    JpegImage copy = image;
    copy.bytes = static_cast<const uint8_t*>(bytes.get());
    std::lock_guard<std::mutex> lock(mutex_);
    kept_.push_back({number, copy, window, slot});
    taken = true;
  });
  return taken;
}

bool DeviceBatch::decode(const JpegImage& image, const Window& window, size_t slot) {
  const Decoder::Turn lane(decoder_);
  if (!lane->jpeg.decodeOnHost(image)) return false;
  const Tables tables(image, window, parts_.pinned);
  hold(tables.pinned);
  std::lock_guard<std::mutex> lock(decoder_.enqueuing_);
  const AlignedBlock block(&parts_.decoding, pixelBytesOf(image));
  const DevicePixels pixels{block.data(), pitchOf(image)};
  const bool decoded = lane->jpeg.decodeOnDevice(pixels);
  if (decoded) show(tables, pixels, window, slot);
  lane->used = parts_.events.record(decoder_.stream_.handle);
  return decoded;
}

void DeviceBatch::finish(const std::function<void(size_t number)>& refuse) {
  guarded([&] {
    useDevice(parts_.gpu.device);
    decodeKept(refuse);
  });
  guarded([&] { close(); });
}

void DeviceBatch::decodeKept(const std::function<void(size_t number)>& refuse) {
  for (size_t first = 0, count; first < kept_.size(); first += count) {
    size_t bytes = 0;
    for (count = 0; first + count < kept_.size(); count++) {
      bytes += pixelBytesOf(kept_[first + count].image);
      if (count > 0 && bytes > kMostPixelBytes) break;
    }
    if (decodeTogether(&kept_[first], count)) continue;
    // One by one the damaged ones are found out.
    for (size_t i = first; i < first + count; i++) {
      const Kept& kept = kept_[i];
      if (!decode(kept.image, kept.window, kept.slot)) refuse(kept.number);
    }
  }
}

bool DeviceBatch::decodeTogether(const Kept* first, size_t count) {
  std::vector<JpegImage> images;
  std::vector<Tables> tables;
  for (size_t i = 0; i < count; i++) {
    images.push_back(first[i].image);
    tables.emplace_back(first[i].image, first[i].window, parts_.pinned);
    hold(tables.back().pinned);
  }
  std::lock_guard<std::mutex> lock(decoder_.enqueuing_);
  std::vector<std::unique_ptr<AlignedBlock>> blocks;
  std::vector<DevicePixels> pixels;
  for (const JpegImage& image : images) {
    blocks.push_back(std::make_unique<AlignedBlock>(&parts_.decoding, pixelBytesOf(image)));
    pixels.push_back({blocks.back()->data(), pitchOf(image)});
  }
  auto& before = decoder_.batches_;
  if (before.size() == 2) {
    synchronize(before.front().get());
    before.pop_front();
  }
  const bool decoded = decoder_.library_->decodeBatch(images, pixels);
  before.push_back(parts_.events.record(decoder_.stream_.handle));
  if (!decoded) return false;
  for (size_t i = 0; i < count; i++) show(tables[i], pixels[i], first[i].window, first[i].slot);
  return true;
}

void DeviceBatch::show(const Tables& tables, const DevicePixels& pixels, const Window& window,
                       size_t slot) {
  const StreamHandle stream = decoder_.stream_.handle;
  const PoolBlock filters(&parts_.decoding, tables.bytes());
  copyToDevice(filters.data(), tables.pinned.get(), tables.bytes(), stream);
  const auto [columns, rows] = tables.on(static_cast<const uint8_t*>(filters.data()));
  const int rowCount = tables.rows.end() - tables.rows.begin();
  const PoolBlock middle(&parts_.decoding, 3 * static_cast<size_t>(rowCount) * columns.size);
  cnn::show({pixels.data, static_cast<int64_t>(pixels.pitch), columns, rows, tables.rows.begin(),
             rowCount, static_cast<uint8_t*>(middle.data()), slotAt(slot), size_, channels_,
             window.outLeft, window.outTop},
            parts_.gpu.info.multiprocessors, stream);
}

uint8_t* DeviceBatch::slotAt(size_t slot) const {
  return static_cast<uint8_t*>(tensor_.raw()) + slot * slotBytes();
}

void DeviceBatch::hold(std::shared_ptr<void> pinned) {
  std::lock_guard<std::mutex> lock(mutex_);
  held_.push_back(std::move(pinned));
}

void DeviceBatch::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (decoded_ != nullptr) return;
  decoded_ = parts_.events.record(decoder_.stream_.handle);
  decoder_.waiter_.add(decoded_, [held = std::exchange(held_, {})](const std::string&) {});
}

std::function<Tensor()> DeviceBatch::give(const uint8_t* images, size_t bytes, const int32_t* slots,
                                          size_t count) {
  if (error_ != nullptr) std::rethrow_exception(error_);
  if (bytes != tensor_.bytes()) throw std::runtime_error("expected the bytes of the whole batch");
  if (count == 0) return leave();
  useDevice(parts_.gpu.device);
  const auto pinned = parts_.pinned.take(count * slotBytes());
  auto* copy = static_cast<uint8_t*>(pinned.get());
  for (size_t i = 0; i < count; i++, copy += slotBytes()) {
    const auto slot = static_cast<size_t>(slots[i]);
    if (slot >= slots_) throw std::runtime_error("expected slots of the batch");
    std::memcpy(copy, images + slot * slotBytes(), slotBytes());
    copyToDevice(slotAt(slot), copy, slotBytes(), parts_.copies);
  }
  const Events::Handle copied = parts_.events.record(parts_.copies);
  decoder_.waiter_.add(copied, [pinned](const std::string&) {});
  return [copied, stream = parts_.gpu.stream, rest = leave()] {
    waitForEvent(stream, copied.get());
    return rest();
  };
}

std::function<Tensor()> DeviceBatch::leave() {
  guarded([&] {
    useDevice(parts_.gpu.device);
    close();
  });
  return [stream = parts_.gpu.stream, decoded = decoded_, tensor = std::move(tensor_)] {
    if (decoded != nullptr) waitForEvent(stream, decoded.get());
    return tensor;
  };
}

}  // namespace cnn::cuda
