#include "exchange.h"

#include <algorithm>

#include "common/bf16.h"
#include "common/conversion.h"

namespace cnn {
namespace {

using Messages = std::vector<Exchange::Message>;

class Gather : public Exchange {
 public:
  Gather(const TransportWorld& world, std::vector<char> bytes, bool last, std::string what,
         Communicator::Finished finished)
      : Exchange(world, 1, std::move(what), std::move(finished)),
        own_(std::move(bytes)),
        all_(own_.size() * static_cast<size_t>(world.size)),
        last_(last) {
    if (!own_.empty()) std::memcpy(placeOf(world.rank), own_.data(), own_.size());
  }
  Messages stage(int) override {
    return withAll(
        [&](int32_t) { return std::pair<void*, size_t>(own_.data(), own_.size()); },
        [&](int32_t from) { return std::pair<void*, size_t>(placeOf(from), own_.size()); });
  }
  std::vector<char> result() override { return std::move(all_); }
  bool isLast() const override { return last_; }

 private:
  char* placeOf(int32_t rank) { return all_.data() + own_.size() * static_cast<size_t>(rank); }

  std::vector<char> own_, all_;
  const bool last_;
};

class Broadcast : public Exchange {
 public:
  Broadcast(const TransportWorld& world, std::vector<char> bytes, int32_t root,
            Communicator::Finished finished)
      : Exchange(world, 1, "what one tells all", std::move(finished)),
        bytes_(std::move(bytes)),
        root_(root) {}
  Messages stage(int) override {
    if (bytes_.empty()) return {};
    if (world_.rank != root_) return {{false, root_, bytes_.data(), bytes_.size()}};
    Messages messages;
    for (int32_t rank = 0; rank < world_.size; rank++) {
      if (rank != root_) messages.push_back({true, rank, bytes_.data(), bytes_.size()});
    }
    return messages;
  }
  std::vector<char> result() override { return std::move(bytes_); }

 private:
  std::vector<char> bytes_;
  const int32_t root_;
};

// Each rank sums one part of the values in the order of ranks, and gives it to all others. T is
// what is sent.
template <class T>
class Sum : public Exchange {
 public:
  Sum(const TransportWorld& world, std::shared_ptr<Storage> storage, int64_t count,
      std::string what, Communicator::Finished finished)
      : Exchange(world, 2, std::move(what), std::move(finished)),
        storage_(std::move(storage)),
        values_(static_cast<float*>(storage_->block.data())),
        count_(count),
        share_((count + world.size - 1) / world.size) {}

  Messages stage(int number) override {
    if (number == 0) return scatter();
    sumOwn();
    return share();
  }
  std::vector<char> result() override {
    if constexpr (kNarrow) {
      for (int64_t i = 0; i < count_; i++) values_[i] = toFloat(narrow_[i]);
    }
    return {};
  }

 private:
  static constexpr bool kNarrow = sizeof(T) < sizeof(float);

  int64_t beginOf(int32_t rank) const { return std::min(count_, share_ * rank); }
  int64_t sizeOf(int32_t rank) const { return beginOf(rank + 1) - beginOf(rank); }
  std::pair<void*, size_t> partOf(int32_t rank) {
    return {sent_ + beginOf(rank), sizeof(T) * static_cast<size_t>(sizeOf(rank))};
  }
  T* receivedFrom(int32_t rank) { return received_.data() + sizeOf(world_.rank) * rank; }

  Messages scatter() {
    if constexpr (kNarrow) {
      narrow_.resize(static_cast<size_t>(count_));
      for (int64_t i = 0; i < count_; i++) narrow_[i] = fromFloat<T>(values_[i]);
      sent_ = narrow_.data();
    } else {
      sent_ = values_;
    }
    const int64_t own = sizeOf(world_.rank);
    received_.resize(static_cast<size_t>(own * world_.size));
    return withAll([&](int32_t to) { return partOf(to); },
                   [&](int32_t from) {
                     return std::pair<void*, size_t>(receivedFrom(from),
                                                     sizeof(T) * static_cast<size_t>(own));
                   });
  }

  void sumOwn() {
    const int64_t own = sizeOf(world_.rank);
    T* mine = sent_ + beginOf(world_.rank);
    const auto partsOf = [&](int32_t rank) {
      return rank == world_.rank ? mine : receivedFrom(rank);
    };
    constexpr int64_t kPiece = 2048;
    float sums[kPiece];
    for (int64_t first = 0; first < own; first += kPiece) {
      const int64_t count = std::min(kPiece, own - first);
      const T* of = partsOf(0) + first;
      for (int64_t i = 0; i < count; i++) sums[i] = toFloat(of[i]);
      for (int32_t rank = 1; rank < world_.size; rank++) {
        of = partsOf(rank) + first;
        for (int64_t i = 0; i < count; i++) sums[i] += toFloat(of[i]);
      }
      for (int64_t i = 0; i < count; i++) mine[first + i] = fromFloat<T>(sums[i]);
    }
  }

  Messages share() {
    return withAll([&](int32_t) { return partOf(world_.rank); },
                   [&](int32_t from) { return partOf(from); });
  }

  const std::shared_ptr<Storage> storage_;  // is kept as long as messages may arrive in it
  float* const values_;
  const int64_t count_, share_;
  T* sent_ = nullptr;
  std::vector<T> narrow_, received_;
};

}  // namespace

std::unique_ptr<Exchange> gatherOf(const TransportWorld& world, std::vector<char> bytes, bool last,
                                   std::string what, Communicator::Finished finished) {
  return std::make_unique<Gather>(world, std::move(bytes), last, std::move(what),
                                  std::move(finished));
}

std::unique_ptr<Exchange> broadcastOf(const TransportWorld& world, std::vector<char> bytes,
                                      int32_t root, Communicator::Finished finished) {
  return std::make_unique<Broadcast>(world, std::move(bytes), root, std::move(finished));
}

std::unique_ptr<Exchange> sumOf(const TransportWorld& world, std::shared_ptr<Storage> storage,
                                int64_t count, bool narrow, std::string what,
                                Communicator::Finished finished) {
  if (narrow) {
    return std::make_unique<Sum<bf16>>(world, std::move(storage), count, std::move(what),
                                       std::move(finished));
  }
  return std::make_unique<Sum<float>>(world, std::move(storage), count, std::move(what),
                                      std::move(finished));
}

}  // namespace cnn
