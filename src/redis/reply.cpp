#include "redis/reply.h"

#include <charconv>

#include <hiredis/hiredis.h>

namespace fermata::redis {
namespace {

bool is_type(const redisReply* reply, int type) {
    return reply != nullptr && reply->type == type;
}

std::optional<std::int64_t> parse_integer(std::string_view digits) {
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || rest != end) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

bool ReplyView::is_nil() const {
    return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL;
}

bool ReplyView::is_error() const {
    return is_type(reply_, REDIS_REPLY_ERROR);
}

bool ReplyView::is_text() const {
    return is_type(reply_, REDIS_REPLY_STRING) || is_type(reply_, REDIS_REPLY_STATUS) ||
           is_type(reply_, REDIS_REPLY_VERB) || is_type(reply_, REDIS_REPLY_DOUBLE) ||
           is_type(reply_, REDIS_REPLY_BIGNUM);
}

bool ReplyView::is_integer() const {
    return is_type(reply_, REDIS_REPLY_INTEGER) || is_type(reply_, REDIS_REPLY_BOOL);
}

bool ReplyView::is_array() const {
    return is_type(reply_, REDIS_REPLY_ARRAY) || is_type(reply_, REDIS_REPLY_MAP) ||
           is_type(reply_, REDIS_REPLY_SET) || is_type(reply_, REDIS_REPLY_PUSH);
}

std::string_view ReplyView::text() const {
    return reply_ != nullptr && (is_text() || is_error())
               ? std::string_view(reply_->str, reply_->len)
               : std::string_view();
}

std::optional<std::int64_t> ReplyView::integer() const {
    if (reply_ != nullptr && is_integer()) {
        return reply_->integer;
    }
    return is_text() ? parse_integer(text()) : std::nullopt;
}

std::size_t ReplyView::size() const {
    return reply_ != nullptr && is_array() ? reply_->elements : 0;
}

ReplyView ReplyView::operator[](std::size_t index) const {
    return ReplyView(index < size() ? reply_->element[index] : nullptr);
}

ReplyView ReplyView::find(std::string_view key) const {
    for (std::size_t index = 0; index + 1 < size(); index += 2) {
        if ((*this)[index].is_text() && (*this)[index].text() == key) {
            return (*this)[index + 1];
        }
    }
    return ReplyView(nullptr);
}

void Reply::Free::operator()(redisReply* reply) const {
    freeReplyObject(reply);
}

}  // namespace fermata::redis
