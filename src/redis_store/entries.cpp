#include "redis_store/entries.h"

#include <charconv>

namespace fermata::redis_store {
namespace {

constexpr std::size_t kShownBytes = 80;

Error corrupt(std::string_view what, std::string_view text) {
    return {ErrorCode::kCorrupt, std::string(what) + " in Redis is damaged: \"" +
                                     std::string(text.substr(0, kShownBytes)) + "\""};
}

template <typename Number>
void append_decimal(std::string& out, Number number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

template <typename Number>
std::optional<Number> parse_decimal(std::string_view text) {
    Number number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// Takes the words of a text off its front, up to the next space.
class Words {
  public:
    explicit Words(std::string_view text) : rest_(text) {}

    std::string_view word() {
        const std::size_t space = rest_.find(' ');
        if (space == std::string_view::npos) {
            is_whole_ = false;
            return {};
        }
        const std::string_view word = rest_.substr(0, space);
        rest_.remove_prefix(space + 1);
        return word;
    }
    template <typename Number>
    Number number() {
        const auto parsed = parse_decimal<Number>(word());
        is_whole_ = is_whole_ && parsed;
        return parsed.value_or(0);
    }
    SessionId session() {
        const auto parsed = SessionId::parse(word());
        is_whole_ = is_whole_ && parsed;
        return parsed.value_or(SessionId());
    }
    // Everything so far was there and well-formed.
    [[nodiscard]] bool is_whole() const { return is_whole_; }
    [[nodiscard]] std::string rest() const { return std::string(rest_); }

  private:
    std::string_view rest_;
    bool is_whole_ = true;
};

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    return parse_decimal<std::uint64_t>(text);
}

std::optional<std::int64_t> parse_signed(std::string_view text) {
    return parse_decimal<std::int64_t>(text);
}

bool is_data_field(std::string_view name) {
    return name == "meta" || name == "state" || name.substr(0, 2) == "d.";
}

void append_number(std::string& out, std::uint64_t number) {
    append_decimal(out, number);
}
void append_number(std::string& out, std::int64_t number) {
    append_decimal(out, number);
}

void append_timer_member(std::string& out, std::uint64_t number, std::string_view id) {
    const std::size_t start = out.size();
    out += 'a';
    append_number(out, number);
    out[start] = static_cast<char>('a' + (out.size() - start - 2));
    out += ':';
    out += id;
}

void append_timer_field(std::string& out, std::uint64_t number) {
    out += "t.";
    append_number(out, number);
}

void append_inbox_field(std::string& out, std::uint64_t number) {
    out += "i.";
    append_number(out, number);
}

void append_timed(std::string& out, std::int64_t time_ms, std::string_view payload) {
    append_number(out, time_ms);
    out += ' ';
    out += payload;
}

void append_outbox(std::string& out, const store::OutboxRecord& record, std::string_view id) {
    out += id;
    out += ' ';
    append_number(out, record.seq);
    out += ' ';
    append_number(out, std::uint64_t{record.n});
    out += ' ';
    out += record.payload;
}

Result<Timed> decode_timed(std::string_view text) {
    Words words(text);
    Timed timed;
    timed.time_ms = words.number<std::int64_t>();
    timed.payload = words.rest();
    if (!words.is_whole()) {
        return corrupt("a value that starts with a time", text);
    }
    return timed;
}

Result<std::pair<std::uint64_t, SessionId>> decode_timer_member(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos && colon >= 2) {
        const auto number = parse_number(text.substr(1, colon - 1));
        const auto session = SessionId::parse(text.substr(colon + 1));
        if (number && session) {
            return std::pair(*number, *session);
        }
    }
    return corrupt("a timer", text);
}

Result<store::InboxRecord> decode_inbox(std::string_view text) {
    Words words(text);
    store::InboxRecord record;
    record.number = words.number<std::uint64_t>();
    record.session = words.session();
    record.payload = words.rest();
    if (!words.is_whole()) {
        return corrupt("an inbox entry", text);
    }
    return record;
}

Result<store::OutboxRecord> decode_outbox(std::string_view text) {
    Words words(text);
    store::OutboxRecord record;
    record.number = words.number<std::uint64_t>();
    record.session = words.session();
    record.seq = words.number<std::uint64_t>();
    record.n = words.number<std::uint32_t>();
    record.payload = words.rest();
    if (!words.is_whole()) {
        return corrupt("an outbox entry", text);
    }
    return record;
}

Result<store::DocumentName> decode_document_name(std::string_view name, std::string_view text) {
    FERMATA_TRY_ASSIGN(Timed timed, decode_timed(text));
    return store::DocumentName{std::string(name), std::move(timed.payload), timed.time_ms};
}

Result<void> SessionReader::add(std::string_view field, std::string_view value) {
    if (is_data_field(field)) {
        record_.fields.push_back({std::string(field), std::string(value)});
        return {};
    }
    if (field == "seq") {
        return add_seq(value);
    }
    if (field == "created" || field == "expires") {
        const auto time_ms = parse_signed(value);
        if (!time_ms) {
            return corrupt("a session's field \"" + std::string(field) + "\"", value);
        }
        (field == "created" ? record_.created_ms : end().expires_ms) = *time_ms;
        return {};
    }
    if (field == "end") {
        end().payload = value;
        return {};
    }
    if (field.substr(0, 2) == "t.") {
        const auto number = parse_number(field.substr(2));
        if (!number) {
            return corrupt("a timer's field", field);
        }
        FERMATA_TRY_ASSIGN(Timed timed, decode_timed(value));
        timers_.push_back({record_.session, *number, timed.time_ms, std::move(timed.payload)});
    }
    return {};  // "i.<number>", and what later versions add
}

Result<void> SessionReader::add_seq(std::string_view value) {
    constexpr std::string_view kEnded = " ended";
    const std::size_t space = value.find(' ');
    const auto seq = parse_number(value.substr(0, space));
    ended_ = space != std::string_view::npos;
    if (!seq || (ended_ && value.substr(space) != kEnded)) {
        return corrupt("a session's seq", value);
    }
    record_.seq = *seq;
    has_seq_ = true;
    return {};
}

store::EndRecord& SessionReader::end() {
    if (!record_.end) {
        record_.end.emplace();
    }
    return *record_.end;
}

Result<std::optional<store::SessionRecord>> SessionReader::finish() {
    if (!has_seq_) {
        return std::optional<store::SessionRecord>();
    }
    if (ended_ != record_.end.has_value()) {
        return corrupt("the end of a session", record_.session.key());
    }
    return std::optional<store::SessionRecord>(std::move(record_));
}

}  // namespace fermata::redis_store
