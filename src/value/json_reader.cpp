// JSON text to encoded values, in one pass: strict RFC 8259, numbers as ECMAScript reads them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "value/encoding.h"
#include "value/number_text.h"
#include "value/utf8.h"
#include "value/value.h"

namespace fermata::value {
namespace {

constexpr std::string_view kDigits = "0123456789";

class JsonReader {
  public:
    JsonReader(std::string_view json, std::uint32_t depth_max)
        : json_(json), depth_max_(std::min(depth_max, Reader::kNestingMax)) {}

    Result<std::string> read() {
        skip_space();
        FERMATA_TRY(read_value(0));
        skip_space();
        if (at_ != json_.size()) {
            return wrong("unexpected text behind the value");
        }
        return std::move(out_);
    }

  private:
    // Where a member of an object being read is in out_.
    struct Member {
        std::size_t begin = 0;  // of its key with the length
        std::size_t key = 0;    // of the characters of its key
        std::size_t value = 0;
        std::size_t end = 0;
    };
    [[nodiscard]] std::string_view key_of(const Member& member) const {
        return std::string_view(out_).substr(member.key, member.value - member.key);
    }

    [[nodiscard]] Error wrong(std::string_view what) const {
        const std::string_view before = json_.substr(0, at_);
        const auto lines = std::count(before.begin(), before.end(), '\n');
        const std::size_t newline = before.rfind('\n');
        const std::size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
        return {ErrorCode::kInvalidArgument, "line " + std::to_string(lines + 1) + ", column " +
                                                 std::to_string(at_ - line_begin + 1) + ": " +
                                                 std::string(what)};
    }

    // NUL at the end; a NUL in the text is wrong everywhere it could be looked at.
    [[nodiscard]] char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
    bool accept(char character) {
        if (peek() != character || at_ == json_.size()) {
            return false;
        }
        ++at_;
        return true;
    }
    void skip_space() {
        while (at_ < json_.size() &&
               std::string_view(" \t\r\n").find(json_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }
    std::size_t skip_digits() {
        const std::size_t end = std::min(json_.find_first_not_of(kDigits, at_), json_.size());
        return end - std::exchange(at_, end);
    }
    void put(Tag tag) { out_.push_back(static_cast<char>(tag)); }
    void put_text(std::string_view text) {
        Writer writer(std::move(out_));
        writer.text(text);
        out_ = writer.take();
        text_size_ = text.size();
    }
    // Leaves room for a count of one byte; returns where the body behind it begins.
    std::size_t begin_count() {
        out_.push_back('\0');
        return out_.size();
    }
    void set_count(std::size_t body, std::uint64_t count) {
        Writer writer;
        writer.varint(count);
        out_.replace(body - 1, 1, writer.bytes());
    }

    Result<void> read_value(std::uint32_t depth) {
        switch (peek()) {
            case '{':
                return read_object(depth);
            case '[':
                return read_array(depth);
            case '"': {
                put(Tag::kString);
                return read_string();
            }
            case 't':
                return read_word("true", Tag::kTrue);
            case 'f':
                return read_word("false", Tag::kFalse);
            case 'n':
                return read_word("null", Tag::kNull);
            default:
                return read_number();
        }
    }

    Result<void> read_word(std::string_view word, Tag tag) {
        if (json_.substr(at_, word.size()) != word) {
            return wrong("a value is expected here");
        }
        at_ += word.size();
        put(tag);
        return {};
    }

    Result<void> read_number() {
        const std::size_t begin = at_;
        accept('-');
        if (!accept('0') && skip_digits() == 0) {
            return wrong(at_ == json_.size() ? "the text ends where a value is expected"
                                             : "a value is expected here");
        }
        if (accept('.') && skip_digits() == 0) {
            return wrong("a digit is expected behind the decimal point");
        }
        if (accept('e') || accept('E')) {
            if (!accept('+')) {
                accept('-');
            }
            if (skip_digits() == 0) {
                return wrong("a digit is expected in the exponent");
            }
        }
        Writer writer(std::move(out_));
        writer.number(parse_json_number(json_.substr(begin, at_ - begin)));
        out_ = writer.take();
        return {};
    }

    // Writes length and bytes, without a tag.
    Result<void> read_string() {
        const std::size_t begin = ++at_;
        std::size_t end = begin;
        while (end < json_.size() && is_plain(json_[end])) {
            ++end;
        }
        at_ = end;
        if (peek() == '"') {  // nothing to decode
            put_text(json_.substr(begin, end - begin));
            ++at_;
            return {};
        }
        std::string text(json_.substr(begin, end - begin));
        while (!accept('"')) {
            FERMATA_TRY(read_character(text));
        }
        put_text(text);
        return {};
    }

    static bool is_plain(char character) {
        return character >= ' ' && character != '"' && character != '\\';
    }

    Result<void> read_character(std::string& text) {
        if (at_ == json_.size()) {
            return wrong("the text ends inside a string");
        }
        if (accept('\\')) {
            return read_escape(text);
        }
        if (static_cast<std::uint8_t>(peek()) < ' ') {
            return wrong("a control character must be escaped in a string");
        }
        const std::size_t begin = at_;
        if (next_code_point(json_, at_, Surrogates::kRefuse) == kNoCodePoint) {
            return wrong("the string is not UTF-8");
        }
        text.append(json_.substr(begin, at_ - begin));
        return {};
    }

    Result<void> read_escape(std::string& text) {
        constexpr std::string_view kEscapes = "\"\\/bfnrt";
        constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        if (accept('u')) {
            return read_unicode_escape(text);
        }
        const std::size_t escape =
            at_ == json_.size() ? std::string_view::npos : kEscapes.find(json_[at_]);
        if (escape == std::string_view::npos) {
            return wrong("unknown escape in a string");
        }
        text.push_back(kMeanings[escape]);
        ++at_;
        return {};
    }

    Result<void> read_unicode_escape(std::string& text) {
        FERMATA_TRY_ASSIGN(std::uint32_t code, read_hex4());
        if (code >= 0xd800U && code <= 0xdbffU && json_.substr(at_, 2) == "\\u") {
            const std::size_t second = at_;
            at_ += 2;
            FERMATA_TRY_ASSIGN(const std::uint32_t low, read_hex4());
            if (low >= 0xdc00U && low <= 0xdfffU) {
                code = 0x10000U + ((code - 0xd800U) << 10U) + (low - 0xdc00U);
            } else {
                at_ = second;  // not a pair: each stands for itself
            }
        }
        append_utf8(text, code);
        return {};
    }

    Result<std::uint32_t> read_hex4() {
        std::uint32_t code = 0;
        for (int digit = 0; digit < 4; ++digit, ++at_) {
            const char character = peek();
            const char lower = static_cast<char>(character | 0x20);
            if (character >= '0' && character <= '9') {
                code = code * 16 + static_cast<std::uint32_t>(character - '0');
            } else if (lower >= 'a' && lower <= 'f') {
                code = code * 16 + static_cast<std::uint32_t>(lower - 'a') + 10;
            } else {
                return wrong("four hexadecimal digits are expected behind \\u");
            }
        }
        return code;
    }

    Result<void> check_depth(std::uint32_t depth) const {
        if (depth >= depth_max_) {
            return Error(
                ErrorCode::kTooLarge,
                wrong("nested deeper than " + std::to_string(depth_max_) + " levels").message());
        }
        return {};
    }

    Result<void> read_array(std::uint32_t depth) {
        FERMATA_TRY(check_depth(depth));
        ++at_;
        put(Tag::kArray);
        const std::size_t body = begin_count();
        std::uint64_t count = 0;
        skip_space();
        while (!accept(']')) {
            if (count > 0) {
                if (!accept(',')) {
                    return wrong("',' or ']' is expected here");
                }
                skip_space();
            }
            FERMATA_TRY(read_value(depth + 1));
            ++count;
            skip_space();
        }
        set_count(body, count);
        return {};
    }

    Result<void> read_object(std::uint32_t depth) {
        FERMATA_TRY(check_depth(depth));
        ++at_;
        put(Tag::kObject);
        const std::size_t body = begin_count();
        const std::size_t first = members_.size();
        skip_space();
        while (!accept('}')) {
            if (members_.size() > first) {
                if (!accept(',')) {
                    return wrong("',' or '}' is expected here");
                }
                skip_space();
            }
            FERMATA_TRY(read_member(depth));
            skip_space();
        }
        if (has_repeated(first)) {
            drop_repeated(body, first);
        }
        set_count(body, members_.size() - first);
        members_.resize(first);
        return {};
    }

    Result<void> read_member(std::uint32_t depth) {
        if (peek() != '"') {
            return wrong("a member name in quotation marks is expected here");
        }
        Member member;
        member.begin = out_.size();
        FERMATA_TRY(read_string());
        member.key = out_.size() - text_size_;
        member.value = out_.size();
        skip_space();
        if (!accept(':')) {
            return wrong("':' is expected behind a member name");
        }
        skip_space();
        FERMATA_TRY(read_value(depth + 1));
        member.end = out_.size();
        members_.push_back(member);
        return {};
    }

    [[nodiscard]] bool has_repeated(std::size_t first) const {
        std::vector<std::string_view> keys;
        for (std::size_t at = first; at < members_.size(); ++at) {
            keys.push_back(key_of(members_[at]));
        }
        std::sort(keys.begin(), keys.end());
        return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
    }

    // As JSON.parse: a repeated member keeps its first place and gets its last value.
    void drop_repeated(std::size_t body, std::size_t first) {
        std::unordered_map<std::string_view, std::size_t> places;
        std::vector<Member> kept;
        std::vector<Member> values;
        for (std::size_t at = first; at < members_.size(); ++at) {
            const Member& member = members_[at];
            const auto [place, is_new] = places.try_emplace(key_of(member), kept.size());
            if (is_new) {
                kept.push_back(member);
                values.push_back(member);
            } else {
                values[place->second] = member;
            }
        }
        std::string rebuilt;
        for (std::size_t at = 0; at < kept.size(); ++at) {
            rebuilt.append(out_, kept[at].begin, kept[at].value - kept[at].begin);
            rebuilt.append(out_, values[at].value, values[at].end - values[at].value);
        }
        out_.replace(body, std::string::npos, rebuilt);
        members_.resize(first + kept.size());
    }

    std::string_view json_;
    std::uint32_t depth_max_;
    std::size_t at_ = 0;
    std::string out_;
    std::size_t text_size_ = 0;    // of the text that was put last
    std::vector<Member> members_;  // of all objects that are open, innermost last
};

}  // namespace

Result<Value> Value::from_json(std::string_view json, std::uint32_t depth_max) {
    FERMATA_TRY_ASSIGN(std::string bytes, JsonReader(json, depth_max).read());
    return Value::from_trusted_bytes(std::move(bytes));
}

}  // namespace fermata::value
