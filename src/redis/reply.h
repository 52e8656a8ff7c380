// Reply: what Redis answered, RESP2 and RESP3 alike, as a tree.
//
// Ownership: Reply owns the tree; a ReplyView borrows a part of it and must not outlive it.
// Errors: an error of the server never becomes a Reply, it is the Error of a Result. Within an
// aggregate it may stand as an element; then is_error() is true and text() is its message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct redisReply;

namespace fermata::redis {

class ReplyView {
  public:
    // null: a nil reply.
    explicit ReplyView(const redisReply* reply) : reply_(reply) {}

    [[nodiscard]] bool is_nil() const;
    [[nodiscard]] bool is_error() const;
    [[nodiscard]] bool is_text() const;     // bulk, simple, verbatim string, double, big number
    [[nodiscard]] bool is_integer() const;  // booleans too
    [[nodiscard]] bool is_array() const;  // sets and maps too: a map is key, value, key, value ...

    // The bytes of text or an error; empty for anything else.
    [[nodiscard]] std::string_view text() const;
    // An integer, or a text that is wholly one decimal integer; nullopt for anything else.
    [[nodiscard]] std::optional<std::int64_t> integer() const;

    // Elements of an array; 0 for anything else.
    [[nodiscard]] std::size_t size() const;
    // Nil beyond the end, so that decoders need not check sizes first.
    [[nodiscard]] ReplyView operator[](std::size_t index) const;
    // Value of a text key in a map, or in RESP2's flat array of keys and values; nil when missing.
    [[nodiscard]] ReplyView find(std::string_view key) const;

  private:
    const redisReply* reply_;
};

class Reply {
  public:
    Reply() = default;  // nil
    // Takes the tree over.
    explicit Reply(redisReply* reply, unsigned replicas = 0) : reply_(reply), replicas_(replicas) {}

    [[nodiscard]] ReplyView view() const { return ReplyView(reply_.get()); }
    // Replicas that were known to hold a write when it was answered; less than
    // Options::wait_replicas only when its primary is degraded. 0 for reads.
    [[nodiscard]] unsigned replicas() const { return replicas_; }
    void set_replicas(unsigned replicas) { replicas_ = replicas; }

  private:
    struct Free {
        void operator()(redisReply* reply) const;
    };
    std::unique_ptr<redisReply, Free> reply_;
    unsigned replicas_ = 0;
};

}  // namespace fermata::redis
