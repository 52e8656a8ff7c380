#include "base/error.h"

namespace fermata {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid-argument";
        case ErrorCode::kNotFound:
            return "not-found";
        case ErrorCode::kConflict:
            return "conflict";
        case ErrorCode::kForbidden:
            return "forbidden";
        case ErrorCode::kTooLarge:
            return "too-large";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kOverloaded:
            return "overloaded";
        case ErrorCode::kTimeout:
            return "timeout";
        case ErrorCode::kFenced:
            return "fenced";
        case ErrorCode::kCorrupt:
            return "corrupt";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

std::string Error::to_string() const {
    return std::string(fermata::to_string(code_)) + ": " + message_;
}

}  // namespace fermata
