// Threads that read and decode JPEGs into batches. They sleep while there is nothing to do.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "augment/operations.h"
#include "image_batch.h"
#include "jpeg/slot.h"
#include "kernel.h"

namespace cnn {

// The record of an image in a request; src/data/decode/image-record.ts has the same fields, which
// it compares with what jpegFacts() tells.
//   offset, length: bytes of the file before the image, and of the image; -1 is all of a file
//   width, height: of the image; 0 is what this decoder does not take or finds damaged
//   the others: the window (src/augment/window.ts), the slot of the batch that shows it, and what
//   of the request's operations changes the slot
struct JpegRecord {
  CNN_DOUBLES(offset, length, width, height, left, top, boxWidth, boxHeight, clipped, outLeft,
              outTop, outWidth, outHeight, slot, firstOperation, operations);
};
Window windowOf(const JpegRecord& record);
// Throws unless the numbers that count or name something are whole and not beyond all that can be.
void expectWhole(const JpegRecord& record);

// Images to work on together. The memory of records and images belongs to the caller, who keeps
// it until `done` is called.
struct JpegRequest {
  // Measures the images: fills in their widths and heights. Otherwise fills their slots, and
  // makes the width of those it could not fill 0.
  bool measure = true;
  std::vector<std::string> files;
  JpegRecord* records = nullptr;
  // (slots, size, size, channels)
  uint8_t* images = nullptr;
  size_t bytes = 0;
  int size = 0;
  int channels = 0;
  // Takes the images in place of slots in memory.
  std::shared_ptr<ImageBatch> batch;
  std::vector<Operation> operations;
  // Called by one of the threads at the end; false if the pool was stopped before it.
  std::function<void(bool)> done;

  size_t next = 0;
  std::atomic<size_t> finished{0};
  std::atomic<bool> cut{false};
};

class JpegWorker;

class JpegPool {
 public:
  JpegPool(int threads, Isa isa, const JpegLimits& limits);
  ~JpegPool();
  JpegPool(const JpegPool&) = delete;
  JpegPool& operator=(const JpegPool&) = delete;

  void submit(std::shared_ptr<JpegRequest> request);
  // Ends the threads, each after the image that it works on, and drops what was submitted.
  void stop();
  // Waits for the threads, once they were stopped.
  void join();

 private:
  void loop(JpegWorker& worker);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<JpegRequest>> requests_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<JpegWorker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace cnn
