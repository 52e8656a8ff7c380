// Encoded values to JSON text: what JSON.stringify would write, where it would write something.

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value/encoding.h"
#include "value/excerpt.h"
#include "value/iso_date.h"
#include "value/json.h"
#include "value/number_text.h"
#include "value/shape.h"
#include "value/typed_array.h"
#include "value/utf8.h"
#include "value/xml.h"
#include "value/xml_node_text.h"

namespace fermata::value {
namespace {

void append_unicode_escape(std::string& out, std::uint32_t code) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out.append("\\u");
    for (unsigned shift = 16; shift > 0; shift -= 4) {
        out.push_back(kHex[(code >> (shift - 4)) & 0xfU]);
    }
}

void append_control(std::string& out, char character) {
    constexpr std::string_view kControls = "\b\f\n\r\t";
    constexpr std::string_view kLetters = "bfnrt";
    const std::size_t short_form = kControls.find(character);
    if (short_form == std::string_view::npos) {
        append_unicode_escape(out, static_cast<std::uint8_t>(character));
    } else {
        out.push_back('\\');
        out.push_back(kLetters[short_form]);
    }
}

// Half surrogate pairs are escaped, as well-formed JSON.stringify does.
void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    for (std::size_t at = 0; at < text.size();) {
        const char character = text[at];
        if (character == '"' || character == '\\') {
            out.push_back('\\');
            out.push_back(character);
            ++at;
        } else if (static_cast<std::uint8_t>(character) < ' ') {
            append_control(out, character);
            ++at;
        } else if (character == '\xed') {  // how every surrogate begins
            const std::size_t begin = at;
            const std::uint32_t code = next_code_point(text, at, Surrogates::kAllow);
            if (code == kNoCodePoint || (code >= 0xd800U && code <= 0xdfffU)) {
                append_unicode_escape(out, code == kNoCodePoint ? 0xfffdU : code);
                at = begin == at ? at + 1 : at;
            } else {
                out.append(text.substr(begin, at - begin));
            }
        } else {
            out.push_back(character);
            ++at;
        }
    }
    out.push_back('"');
}

class JsonWriter {
  public:
    explicit JsonWriter(std::string_view bytes) : bytes_(bytes), table_(bytes) {}

    std::string write() {
        if (is_left_out(0)) {
            return "null";
        }
        write_value(0);
        return std::move(out_);
    }

  private:
    // A container that is being written: where it is, and how long the pointer to it is.
    struct Open {
        std::size_t offset = 0;
        std::size_t pointer_size = 0;
    };

    [[nodiscard]] Reader reader_at(std::size_t offset) const {
        return Reader(bytes_.substr(offset));
    }
    [[nodiscard]] std::size_t skip(std::size_t offset) {
        Reader reader = reader_at(offset);
        reader.skip_value();
        skipped_ += reader.offset();
        return offset + reader.offset();
    }
    // The offset of the value that a reference at `offset` stands for, else `offset`.
    [[nodiscard]] std::size_t resolve(std::size_t offset) const {
        Reader reader = reader_at(offset);
        const Shape shape = read_shape(reader);
        return shape.tag == Tag::kReference ? table_.offset(shape.number) : offset;
    }

    // What JSON.stringify leaves out of objects and writes as null in arrays.
    [[nodiscard]] bool is_left_out(std::size_t offset) const {
        const std::size_t target = resolve(offset);
        if (target == ReferenceTable::kNowhere) {
            return true;
        }
        switch (reader_at(target).peek_tag()) {
            case Tag::kUndefined:
            case Tag::kFunction:
            case Tag::kBuiltin:
            case Tag::kSymbol:
            case Tag::kHole:
            case Tag::kAccessors:
                return true;
            default:
                return false;
        }
    }

    // Returns the offset behind the value.
    std::size_t write_or_null(std::size_t offset) {
        if (is_left_out(offset)) {
            out_.append("null");
            return skip(offset);
        }
        return write_value(offset);
    }

    std::size_t write_value(std::size_t offset) {
        Reader reader = reader_at(offset);
        const Shape shape = read_shape(reader);
        const std::size_t body = offset + reader.offset();
        switch (shape.tag) {
            case Tag::kFalse:
                out_.append("false");
                return body;
            case Tag::kTrue:
                out_.append("true");
                return body;
            case Tag::kInteger:
                out_.append(std::to_string(shape.integer));
                return body;
            case Tag::kDouble:
                write_double(std::bit_cast<double>(shape.number));
                return body;
            case Tag::kString:
            case Tag::kBigInt:
            case Tag::kXml:
                append_quoted(out_, shape.text);
                return body;
            case Tag::kDate:
                write_date(std::bit_cast<double>(shape.number));
                return body;
            case Tag::kReference:
                write_reference(shape.number);
                return body;
            case Tag::kRegExp:
            case Tag::kBuffer:
                out_.append("{}");
                return body;
            case Tag::kBoxed:
                return write_value(body);
            case Tag::kTyped:
                write_typed(offset, body);
                return skip(offset);
            case Tag::kXmlNode:
                write_xml_node(body);
                return skip(offset);
            case Tag::kNull:
                out_.append("null");
                return body;
            default:
                return write_container(shape, offset, body);
        }
    }

    void write_double(double number) {
        if (std::isfinite(number)) {
            append_number(out_, number);
        } else {
            out_.append("null");
        }
    }

    void write_date(double milliseconds) {
        const std::string date = iso_date(milliseconds);
        if (date.empty()) {
            out_.append("null");
        } else {
            append_quoted(out_, date);
        }
    }

    void write_reference(std::uint64_t reference) {
        const std::size_t target = table_.offset(reference);
        for (const Open& open : open_) {
            if (open.offset == target) {  // a cycle
                out_.append("{\"$ref\":");
                append_quoted(out_, "#" + pointer_.substr(0, open.pointer_size));
                out_.push_back('}');
                return;
            }
        }
        if (!leave_out_repetition()) {
            write_value(target);
        }
    }

    bool leave_out_repetition() {
        // Skipping counts too: sharing something that is left out costs time, if not text.
        if (out_.size() + skipped_ <= kSharedJsonBytesMax) {
            return false;
        }
        out_.append("{\"$ref\":null}");
        return true;
    }

    void write_typed(std::size_t offset, std::size_t buffer) {
        const std::size_t target = resolve(buffer);
        if (target == ReferenceTable::kNowhere) {
            out_.append("[]");
            return;
        }
        if (target != buffer && leave_out_repetition()) {
            return;
        }
        Reader reader = reader_at(target);
        const Shape shape = read_shape(reader);
        append_typed_array(out_, reader_at(offset),
                           shape.tag == Tag::kBuffer ? shape.text : std::string_view());
    }

    void write_xml_node(std::size_t document_at) {
        const std::size_t target = resolve(document_at);
        if (target != document_at && leave_out_repetition()) {
            return;
        }
        const XmlDocument* document = find_document(target);
        const auto text = document == nullptr
                              ? std::nullopt
                              : xml_node_text(*document, reader_at(skip(document_at)));
        if (text) {
            append_quoted(out_, *text);
        } else {
            out_.append("null");
        }
    }

    // Null when the value there is no well-formed document. Parsed once, since a list of nodes
    // usually shares one document.
    const XmlDocument* find_document(std::size_t offset) {
        if (offset == ReferenceTable::kNowhere) {
            return nullptr;
        }
        const auto [found, is_new] = documents_.try_emplace(offset);
        if (is_new) {
            Reader reader = reader_at(offset);
            const Shape shape = read_shape(reader);
            auto parsed = parse_xml(shape.tag == Tag::kXml ? shape.text : std::string_view(), "",
                                    XmlOptions{DocumentLimits{}, true});
            if (parsed) {
                found->second = std::move(*parsed);
            }
        }
        return found->second.nodes.empty() ? nullptr : &found->second;
    }

    std::size_t write_container(const Shape& shape, std::size_t offset, std::size_t body) {
        if (open_.size() >= Reader::kNestingMax) {  // only references lead here
            out_.append("null");
            return skip(offset);
        }
        open_.push_back({offset, pointer_.size()});
        std::size_t end = body;
        switch (shape.tag) {
            case Tag::kArray:
            case Tag::kSet:
                end = write_array(body, shape.values);
                break;
            case Tag::kObject:
                end = write_members(body, shape.values);
                break;
            case Tag::kInstance:
                end = write_instance(skip(body));
                break;
            case Tag::kMap:
                end = write_map(body, shape.values / 2);
                break;
            case Tag::kError:
                end = write_error(offset, body);
                break;
            default:
                out_.append("null");
                end = skip(offset);
        }
        open_.pop_back();
        return end;
    }

    std::size_t write_array(std::size_t at, std::uint64_t count) {
        out_.push_back('[');
        for (std::uint64_t index = 0; index < count; ++index) {
            separate(index == 0);
            const std::size_t pointer_size = enter(std::to_string(index));
            at = write_or_null(at);
            pointer_.resize(pointer_size);
        }
        out_.push_back(']');
        return at;
    }

    std::size_t write_instance(std::size_t at) {
        Reader reader = reader_at(at);
        const std::uint64_t count = reader.count();
        return write_members(at + reader.offset(), count);
    }

    std::size_t write_members(std::size_t at, std::uint64_t count) {
        out_.push_back('{');
        at = write_member_list(at, count, true);
        out_.push_back('}');
        return at;
    }

    std::size_t write_member_list(std::size_t at, std::uint64_t count, bool first) {
        for (; count > 0; --count) {
            Reader reader = reader_at(at);
            const std::string_view key = reader.text();
            at += reader.offset();
            if (is_left_out(at)) {
                at = skip(at);
                continue;
            }
            at = write_member(key, at, first);
            first = false;
        }
        return at;
    }

    std::size_t write_member(std::string_view key, std::size_t at, bool first) {
        separate(first);
        append_quoted(out_, key);
        out_.push_back(':');
        const std::size_t pointer_size = enter(key);
        at = write_or_null(at);
        pointer_.resize(pointer_size);
        return at;
    }

    // An object when all keys are strings, else pairs.
    std::size_t write_map(std::size_t at, std::uint64_t count) {
        bool strings = true;
        std::size_t look = at;
        for (std::uint64_t entry = 0; entry < count && strings; ++entry) {
            strings = reader_at(look).peek_tag() == Tag::kString;
            look = strings ? skip(skip(look)) : look;
        }
        out_.push_back(strings ? '{' : '[');
        for (std::uint64_t entry = 0; entry < count; ++entry) {
            if (strings) {
                Reader reader = reader_at(at);
                const std::string_view key = read_shape(reader).text;
                at = write_member(key, at + reader.offset(), entry == 0);
                continue;
            }
            separate(entry == 0);
            out_.push_back('[');
            at = write_or_null(at);
            out_.push_back(',');
            at = write_or_null(at);
            out_.push_back(']');
        }
        out_.push_back(strings ? '}' : ']');
        return at;
    }

    // JSON.stringify gives {}, which helps nobody who reads a log.
    std::size_t write_error(std::size_t offset, std::size_t properties) {
        Reader reader = reader_at(offset);
        reader.tag();
        out_.append("{\"name\":");
        append_quoted(out_, reader.text());
        out_.append(",\"message\":");
        append_quoted(out_, reader.text());
        Reader members = reader_at(properties);
        std::size_t end = properties;
        if (members.tag() == Tag::kObject) {
            const std::uint64_t count = members.count();
            end = write_member_list(properties + members.offset(), count, false);
        } else {
            end = skip(properties);
        }
        out_.push_back('}');
        return end;
    }

    void separate(bool first) {
        if (!first) {
            out_.push_back(',');
        }
    }

    // Appends a step to the JSON pointer (RFC 6901); only values with references need it.
    std::size_t enter(std::string_view step) {
        const std::size_t size = pointer_.size();
        if (!table_.empty()) {
            pointer_.push_back('/');
            for (const char character : step) {
                if (character == '~' || character == '/') {
                    pointer_.append(character == '~' ? "~0" : "~1");
                } else {
                    pointer_.push_back(character);
                }
            }
        }
        return size;
    }

    std::string_view bytes_;
    ReferenceTable table_;
    std::vector<Open> open_;
    std::map<std::size_t, XmlDocument> documents_;  // by offset of their text
    std::string pointer_;
    std::size_t skipped_ = 0;  // bytes
    std::string out_;
};

}  // namespace

std::string write_json(std::string_view bytes) {
    return JsonWriter(bytes).write();
}

}  // namespace fermata::value
