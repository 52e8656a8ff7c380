#include <charconv>

#include <boost/container/small_vector.hpp>

#include "redis_store/commit_encoder.h"

namespace fermata::redis_store {
namespace {

// As a rule one: the first number of what was added.
using Numbers = boost::container::small_vector<std::uint64_t, 8>;

// Numbers with spaces between them; nullopt for anything else.
std::optional<Numbers> parse_numbers(std::string_view text) {
    Numbers numbers;
    while (!text.empty()) {
        std::uint64_t number = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
        if (parsed.ec != std::errc()) {
            return std::nullopt;
        }
        numbers.push_back(number);
        text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
        if (!text.empty() && text.front() != ' ') {
            return std::nullopt;
        }
        text.remove_prefix(text.empty() ? 0 : 1);
    }
    return numbers;
}

Error strange_answer(const CommitShape& shape, const CallAnswer& answer) {
    return {ErrorCode::kCorrupt, "\"" + std::string(answer.text.substr(0, 80)) +
                                     "\" is no answer to a commit of " +
                                     std::to_string(shape.sessions.size()) + " sessions"};
}

store::CommitAnswer conflict(const Numbers& stored) {
    store::CommitAnswer answer;
    for (const std::uint64_t seq : stored) {
        answer.sessions.push_back({store::CommitStatus::kConflict, seq, 0, 0});
    }
    return answer;
}

}  // namespace

Result<store::CommitAnswer> decode_commit_answer(const CommitShape& shape,
                                                 const CallAnswer& answer) {
    const auto numbers = parse_numbers(answer.text);
    if (!numbers ||
        (answer.conflict ? numbers->size() != shape.sessions.size() : numbers->empty())) {
        return strange_answer(shape, answer);
    }
    if (answer.conflict) {
        return conflict(*numbers);
    }
    store::CommitAnswer committed;
    committed.sessions.reserve(shape.sessions.size());
    for (const CommitShape::Session& session : shape.sessions) {
        committed.sessions.push_back({store::CommitStatus::kCommitted, session.seq, 0, 0});
    }
    for (std::size_t at = 1; at < numbers->size(); ++at) {
        const std::uint64_t index = (*numbers)[at];
        if (index == 0 || index > shape.sessions.size()) {
            return strange_answer(shape, answer);
        }
        committed.sessions[index - 1].status = store::CommitStatus::kAlready;
    }
    std::uint64_t next = numbers->front();
    for (std::size_t at = 0; at < shape.sessions.size(); ++at) {
        store::SessionAnswer& session = committed.sessions[at];
        if (session.status != store::CommitStatus::kCommitted) {
            continue;
        }
        const CommitShape::Session& sent = shape.sessions[at];
        session.first_inbox_number = sent.inbox_added == 0 ? 0 : next;
        next += sent.inbox_added;
        session.first_outbox_number = sent.outbox_added == 0 ? 0 : next;
        next += sent.outbox_added;
    }
    return committed;
}

}  // namespace fermata::redis_store
