// The shape of encoded values: the one place that knows what follows which tag.
//
// read_shape() reads a tag and everything up to the first nested value; walk() goes over a whole
// value with it, iteratively. Checking, skipping, copying and writing JSON all build on these two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "value/encoding.h"
#include "value/value.h"

namespace fermata::value {

// Where a value stands; some tags are only allowed in some places.
enum class Slot : std::uint8_t {
    kPlain,
    kElement,    // in an array: may be kHole
    kProperty,   // behind a key of an object: may be kAccessors
    kPrimitive,  // in a kBoxed: nothing that holds values or refers to some
};

// What follows the last nested value.
enum class Tail : std::uint8_t {
    kNone,
    kMembers,  // kInstance: a count, then keys and values
    kPath,     // kXmlNode: a count, then child indices
};

struct Shape {
    Tag tag = Tag::kUndefined;
    std::uint64_t values = 0;  // nested values that follow
    Slot slot = Slot::kPlain;  // where those stand
    Tail tail = Tail::kNone;
    std::string_view text;  // the first text of the value, where it has one
    std::array<std::string_view, 2> further_texts;
    std::uint64_t number = 0;  // reference index, bits of a double, kind of a typed array
    std::int64_t integer = 0;
};

// The reader's ok() says whether it was whole.
Shape read_shape(Reader& reader);
// Steps over the child indices of a kXmlNode.
void skip_path(Reader& reader);

struct Visited {
    const Shape& shape;
    Slot slot;
    std::string_view key;  // when slot is kProperty
    std::size_t offset;    // of the tag
};

// Goes over the one value at the reader, calling `visit(const Visited&) -> bool` for it and
// everything nested, in order of appearance. `false`, damage or nesting beyond kNestingMax makes
// the reader fail.
template <typename Visit>
void walk(Reader& reader, Visit visit) {
    struct Frame {
        std::uint64_t left;
        Slot slot;
        Tail tail;
    };
    // Not initialised: most values use none or few of them.
    std::array<Frame, Reader::kNestingMax>
        frames;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::size_t depth = 0;
    Slot slot = Slot::kPlain;
    std::string_view key;
    while (true) {
        const std::size_t offset = reader.offset();
        const Shape shape = read_shape(reader);
        if (!reader.ok() || !visit(Visited{shape, slot, key, offset})) {
            reader.fail();
            return;
        }
        if (shape.values > 0) {
            if (depth == frames.size()) {
                reader.fail();
                return;
            }
            frames[depth++] = Frame{shape.values, shape.slot, shape.tail};
        }
        while (depth > 0 && frames[depth - 1].left == 0) {
            if (frames[depth - 1].tail == Tail::kMembers) {
                frames[depth - 1] = Frame{reader.count(), Slot::kProperty, Tail::kNone};
                continue;
            }
            if (frames[depth - 1].tail == Tail::kPath) {
                skip_path(reader);
            }
            --depth;
        }
        if (depth == 0) {
            return;
        }
        --frames[depth - 1].left;
        slot = frames[depth - 1].slot;
        key = slot == Slot::kProperty ? reader.text() : std::string_view();
    }
}

}  // namespace fermata::value
