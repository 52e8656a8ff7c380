#include "value/excerpt.h"

#include <algorithm>

#include "value/shape.h"

namespace fermata::value {
namespace {

// No byte with the tag's number, no reference: spares most values the walk.
bool may_have_references(std::string_view bytes) {
    return bytes.find(static_cast<char>(Tag::kReference)) != std::string_view::npos;
}

}  // namespace

ReferenceTable::ReferenceTable(std::string_view bytes) {
    if (!may_have_references(bytes)) {
        return;
    }
    bool referred = false;
    Reader reader(bytes);
    walk(reader, [this, &referred](const Visited& visited) {
        referred = referred || visited.shape.tag == Tag::kReference;
        if (is_referable(visited.shape.tag)) {
            offsets_.push_back(visited.offset);
        }
        return true;
    });
    if (!referred || !reader.ok()) {
        offsets_.clear();
    }
}

std::size_t ReferenceTable::index(std::size_t offset) const {
    const auto found = std::lower_bound(offsets_.begin(), offsets_.end(), offset);
    return static_cast<std::size_t>(found - offsets_.begin());
}

std::string Excerpts::take(std::size_t offset) {
    Reader reader(bytes_.substr(offset));
    if (reader.peek_tag() == Tag::kAccessors) {  // no value without its object
        return std::string(1, static_cast<char>(Tag::kUndefined));
    }
    if (table_.empty()) {
        return std::string(reader.skip_value());
    }
    copied_.assign(table_.size(), kNotCopied);
    copied_count_ = 0;
    copy(offset, 0);
    return writer_.take();
}

std::size_t Excerpts::copy(std::size_t offset, std::uint32_t depth) {
    Reader reader(bytes_.substr(offset));
    const Shape shape = read_shape(reader);
    if (shape.tag == Tag::kReference) {
        copy_target(shape.number, depth);
        return offset + reader.offset();
    }
    if (depth >= Reader::kNestingMax) {
        writer_.tag(Tag::kUndefined);
        return skip(offset);
    }
    if (is_referable(shape.tag)) {
        std::uint32_t& number = copied_[table_.index(offset)];
        if (number != kNotCopied) {  // a reference brought it along already
            write_reference(number);
            return skip(offset);
        }
        number = copied_count_++;
    }
    std::size_t at = offset + reader.offset();
    writer_.raw(bytes_.substr(offset, at - offset));
    const auto copy_values = [this, &at, depth](std::uint64_t count, Slot slot) {
        for (; count > 0; --count) {
            if (slot == Slot::kProperty) {
                Reader key(bytes_.substr(at));
                writer_.text(key.text());
                at += key.offset();
            }
            at = copy(at, depth + 1);
        }
    };
    copy_values(shape.values, shape.slot);
    if (shape.tail == Tail::kMembers) {
        Reader members(bytes_.substr(at));
        const std::uint64_t count = members.count();
        writer_.varint(count);
        at += members.offset();
        copy_values(count, Slot::kProperty);
    } else if (shape.tail == Tail::kPath) {
        Reader path(bytes_.substr(at));
        skip_path(path);
        writer_.raw(bytes_.substr(at, path.offset()));
        at += path.offset();
    }
    return at;
}

void Excerpts::copy_target(std::uint64_t reference, std::uint32_t depth) {
    const std::size_t target = table_.offset(reference);
    if (target == ReferenceTable::kNowhere) {
        writer_.tag(Tag::kUndefined);
        return;
    }
    const std::uint32_t number = copied_[table_.index(target)];
    if (number != kNotCopied) {
        write_reference(number);
        return;
    }
    if (brought_along_ > kBroughtAlongBytesMax) {
        writer_.tag(Tag::kUndefined);
        return;
    }
    const std::size_t before = writer_.size();
    copy(target, depth);
    brought_along_ += writer_.size() - before;
}

void Excerpts::write_reference(std::uint32_t number) {
    writer_.tag(Tag::kReference);
    writer_.varint(number);
}

std::size_t Excerpts::skip(std::size_t offset) const {
    Reader reader(bytes_.substr(offset));
    reader.skip_value();
    return offset + reader.offset();
}

void Assembly::begin(Tag container, std::size_t count) {
    writer_.tag(container);
    writer_.varint(count);
    numbered_ = 1;  // the container itself
}

void Assembly::add(const Value& part) {
    Reader reader(part.bytes());
    std::size_t copied = 0;
    const std::uint64_t before = numbered_;
    const std::string_view bytes = part.bytes();
    walk(reader, [&](const Visited& visited) {
        if (is_referable(visited.shape.tag)) {
            ++numbered_;
        } else if (visited.shape.tag == Tag::kReference) {
            writer_.raw(bytes.substr(copied, visited.offset - copied));
            writer_.tag(Tag::kReference);
            writer_.varint(before + visited.shape.number);
            copied = reader.offset();
        }
        return true;
    });
    writer_.raw(bytes.substr(copied));
}

}  // namespace fermata::value
