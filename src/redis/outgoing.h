// Outgoing: the bytes of one batch on their way to a socket: small pieces are copied side by side,
// large ones stay where they are.
//
// Threads: the event loop's only.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

namespace fermata::redis {

class Outgoing {
  public:
    void copy(std::string_view bytes) {
        if (pieces_.empty() || pieces_.back().borrowed != nullptr) {
            pieces_.push_back({nullptr, copied_.size(), 0});
        }
        pieces_.back().size += bytes.size();
        copied_ += bytes;
    }
    // Must stay until clear().
    void borrow(std::string_view bytes) {
        if (bytes.size() < kBorrowedMin) {
            copy(bytes);
        } else {
            pieces_.push_back({bytes.data(), 0, bytes.size()});
        }
    }
    // Valid until the next change.
    [[nodiscard]] std::span<iovec> pieces() {
        vectors_.clear();
        for (const Piece& piece : pieces_) {
            const char* const from =
                piece.borrowed != nullptr ? piece.borrowed : copied_.data() + piece.offset;
            // The system only reads them.
            vectors_.push_back({const_cast<char*>(from), piece.size});  // NOLINT(*-const-cast)
        }
        return vectors_;
    }
    void clear() {
        pieces_.clear();
        copied_.clear();
    }

  private:
    static constexpr std::size_t kBorrowedMin = 512;

    struct Piece {
        const char* borrowed;  // null: in copied_
        std::size_t offset;
        std::size_t size;
    };
    std::vector<Piece> pieces_;
    std::string copied_;
    std::vector<iovec> vectors_;
};

}  // namespace fermata::redis
