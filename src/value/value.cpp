#include "value/value.h"

#include <cmath>

#include "value/encoding.h"
#include "value/excerpt.h"
#include "value/json.h"
#include "value/number_text.h"
#include "value/shape.h"
#include "value/utf8.h"

namespace fermata::value {
namespace {

// What walk() does not look at: contents and places of the single values.
class Inspection {
  public:
    bool visit(const Visited& visited) {
        offset_ = visited.offset;
        const bool fine = stands_well(visited) && is_sound(visited.shape);
        if (is_referable(visited.shape.tag)) {
            tags_.push_back(visited.shape.tag);
        }
        return fine;
    }
    // Of the last value that was looked at.
    [[nodiscard]] std::size_t offset() const { return offset_; }

  private:
    [[nodiscard]] static bool stands_well(const Visited& visited) {
        const Tag tag = visited.shape.tag;
        if (visited.slot == Slot::kPrimitive) {
            return tag <= Tag::kBigInt || tag == Tag::kSymbol;
        }
        switch (tag) {
            case Tag::kHole:
                return visited.slot == Slot::kElement;
            case Tag::kAccessors:
                return visited.slot == Slot::kProperty;
            default:
                return is_text(visited.key);
        }
    }
    [[nodiscard]] bool is_sound(const Shape& shape) const {
        switch (shape.tag) {
            case Tag::kInteger:
                return shape.integer >= INT32_MIN && shape.integer <= INT32_MAX;
            case Tag::kBigInt:
                return is_decimal(shape.text);
            case Tag::kTyped:
                return shape.number <= static_cast<std::uint64_t>(TypedKind::kDataView);
            case Tag::kReference:
                return shape.number < tags_.size();
            case Tag::kBuffer:
                return true;
            default:
                return is_text(shape.text) && is_text(shape.further_texts[0]) &&
                       is_text(shape.further_texts[1]);
        }
    }
    [[nodiscard]] static bool is_text(std::string_view text) {
        return valid_utf8_prefix(text, Surrogates::kAllow) == text.size();
    }
    [[nodiscard]] static bool is_decimal(std::string_view text) {
        if (!text.empty() && text.front() == '-') {
            text.remove_prefix(1);
        }
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    }

    std::vector<Tag> tags_;
    std::size_t offset_ = 0;
};

// Reader at the count of the members, when the value is an object.
bool enter_members(Reader& reader) {
    const Tag tag = reader.tag();
    if (tag == Tag::kInstance) {
        reader.skip_value();  // the prototype
    }
    return tag == Tag::kObject || tag == Tag::kInstance;
}

}  // namespace

Value Value::null() {
    return Value(std::string(1, static_cast<char>(Tag::kNull)));
}

Value Value::boolean(bool flag) {
    return Value(std::string(1, static_cast<char>(flag ? Tag::kTrue : Tag::kFalse)));
}

Value Value::number(double number) {
    Writer writer;
    writer.number(number);
    return Value(writer.take());
}

Value Value::integer(std::int64_t number) {
    return Value::number(static_cast<double>(number));
}

Value Value::string(std::string_view text) {
    Writer writer;
    writer.string(text);
    return Value(writer.take());
}

Value Value::xml(std::string_view text) {
    Writer writer;
    writer.tag(Tag::kXml);
    writer.text(text);
    return Value(writer.take());
}

Value Value::array(const std::vector<Value>& elements) {
    Assembly assembly;
    assembly.begin(Tag::kArray, elements.size());
    for (const Value& element : elements) {
        assembly.add(element);
    }
    return Value(assembly.take());
}

Value Value::object(const std::vector<std::pair<std::string, Value>>& members) {
    Assembly assembly;
    assembly.begin(Tag::kObject, members.size());
    for (const auto& [key, member] : members) {
        assembly.add_key(key);
        assembly.add(member);
    }
    return Value(assembly.take());
}

Result<Value> Value::from_bytes(std::string bytes) {
    Reader reader(bytes);
    Inspection inspection;
    walk(reader, [&inspection](const Visited& visited) { return inspection.visit(visited); });
    if (!reader.ok()) {
        return Error(ErrorCode::kCorrupt, "the value at byte " +
                                              std::to_string(inspection.offset()) +
                                              " is damaged, or nested deeper than " +
                                              std::to_string(Reader::kNestingMax) + " levels");
    }
    if (!reader.at_end()) {
        return Error(ErrorCode::kCorrupt, "unexpected bytes behind the value, from byte " +
                                              std::to_string(reader.offset()));
    }
    return Value(std::move(bytes));
}

std::string Value::to_text() const {
    Reader reader(bytes_);
    const Shape shape = read_shape(reader);
    switch (shape.tag) {
        case Tag::kUndefined:
            return "undefined";
        case Tag::kString:
        case Tag::kBigInt:
        case Tag::kXml:
            return std::string(shape.text);
        case Tag::kDouble: {
            std::string text;
            append_number(text, std::bit_cast<double>(shape.number));
            return text;
        }
        default:
            return to_json();
    }
}

std::string Value::to_json() const {
    return write_json(bytes_);
}

bool Value::find_member(std::string_view key, Value& member) const {
    Reader reader(bytes_);
    if (!enter_members(reader)) {
        return false;
    }
    for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
        const bool found = reader.text() == key;
        const std::size_t offset = reader.offset();
        reader.skip_value();
        if (found && reader.ok()) {
            member = Value(Excerpts(bytes_).take(offset));
            return true;
        }
    }
    return false;
}

std::vector<std::pair<std::string, Value>> Value::members() const {
    std::vector<std::pair<std::string, Value>> members;
    Reader reader(bytes_);
    if (!enter_members(reader)) {
        return members;
    }
    Excerpts excerpts(bytes_);
    for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
        const std::string_view key = reader.text();
        const std::size_t offset = reader.offset();
        reader.skip_value();
        if (reader.ok()) {
            members.emplace_back(key, Value(excerpts.take(offset)));
        }
    }
    return members;
}

}  // namespace fermata::value
