// Error: an expected failure, with what the caller can do about it.
//
// Errors of charts (error.execution, error.communication) are SCXML events, never this class.
// Broken invariants are FERMATA_CHECK. Everything that may fail in normal life returns Result<T>.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace fermata {

// What the caller can do; api/ maps each to one HTTP status.
enum class ErrorCode {
    kInvalidArgument,  // the request is wrong; repeating it is useless
    kNotFound,
    kConflict,     // exists already, or another writer was faster
    kForbidden,    // a policy of the configuration refuses it
    kTooLarge,     // a documented limit on size
    kUnavailable,  // try again later
    kOverloaded,   // a bounded queue is full; try again later
    kTimeout,
    kFenced,   // this instance lost the partition; it must stop touching it
    kCorrupt,  // stored or received bytes are damaged
    kInternal,
};

std::string_view to_string(ErrorCode code);

class [[nodiscard]] Error {
  public:
    Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

    [[nodiscard]] ErrorCode code() const { return code_; }
    // Lower case, no full stop, with the offending value and place.
    [[nodiscard]] const std::string& message() const { return message_; }

    // "what was being done: what went wrong"; called on the way up.
    [[nodiscard]] Error with_context(std::string_view context) const {
        return {code_, std::string(context) + ": " + message_};
    }

    // "not-found: no session 0012…"
    [[nodiscard]] std::string to_string() const;

    bool operator==(const Error&) const = default;

  private:
    ErrorCode code_;
    std::string message_;
};

}  // namespace fermata
