// GrowingBytes: bytes that are only added at the end, written in place: several times cheaper than
// appending small pieces to a string.
//
// Threads: as any value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace fermata::redis {

class GrowingBytes {
  public:
    GrowingBytes() = default;
    GrowingBytes(const GrowingBytes& other) { append(other.view()); }
    GrowingBytes(GrowingBytes&& other) noexcept
        : bytes_(std::move(other.bytes_)),
          size_(std::exchange(other.size_, 0)),
          room_(std::exchange(other.room_, 0)) {}
    GrowingBytes& operator=(GrowingBytes other) noexcept {
        bytes_ = std::move(other.bytes_);
        size_ = other.size_;
        room_ = other.room_;
        return *this;
    }
    ~GrowingBytes() = default;

    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }

    void append(std::string_view bytes) {
        if (!bytes.empty()) {
            std::memcpy(begin(bytes.size()), bytes.data(), bytes.size());
            end(bytes.size());
        }
    }
    // Room for so many bytes behind the last one; end() says how many were written there.
    [[nodiscard]] char* begin(std::size_t bytes_max) {
        reserve(bytes_max);
        return bytes_.get() + size_;
    }
    void end(std::size_t written) { size_ += written; }
    void reserve(std::size_t bytes) {
        if (room_ - size_ < bytes) {
            grow(size_ + bytes);
        }
    }

  private:
    void grow(std::size_t room) {
        room = std::max(room, 2 * room_);
        auto larger = std::make_unique_for_overwrite<char[]>(room);
        std::copy_n(bytes_.get(), size_, larger.get());
        bytes_ = std::move(larger);
        room_ = room;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

}  // namespace fermata::redis
