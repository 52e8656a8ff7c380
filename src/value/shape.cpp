#include "value/shape.h"

namespace fermata::value {
namespace {

void nest(Shape& shape, std::uint64_t values, Slot slot, Tail tail) {
    shape.values = values;
    shape.slot = slot;
    shape.tail = tail;
}

void read_container(Reader& reader, Shape& shape) {
    switch (shape.tag) {
        case Tag::kArray:
            return nest(shape, reader.count(), Slot::kElement, Tail::kNone);
        case Tag::kObject:
            return nest(shape, reader.count(), Slot::kProperty, Tail::kNone);
        case Tag::kMap:
            return nest(shape, 2 * reader.count(), Slot::kPlain, Tail::kNone);
        case Tag::kSet:
            return nest(shape, reader.count(), Slot::kPlain, Tail::kNone);
        case Tag::kTyped:
            shape.number = reader.byte();
            reader.varint();
            reader.varint();
            return nest(shape, 1, Slot::kPlain, Tail::kNone);
        case Tag::kFunction:
            shape.text = reader.text();
            return nest(shape, 1, Slot::kPlain, Tail::kNone);
        case Tag::kInstance:
            return nest(shape, 1, Slot::kPlain, Tail::kMembers);
        case Tag::kError:
            shape.text = reader.text();
            shape.further_texts = {reader.text(), reader.text()};
            return nest(shape, 1, Slot::kPlain, Tail::kNone);
        case Tag::kAccessors:
            return nest(shape, 2, Slot::kPlain, Tail::kNone);
        case Tag::kBoxed:
            return nest(shape, 1, Slot::kPrimitive, Tail::kNone);
        case Tag::kXmlNode:
            return nest(shape, 1, Slot::kPlain, Tail::kPath);
        default:
            reader.fail();
    }
}

}  // namespace

Shape read_shape(Reader& reader) {
    Shape shape;
    shape.tag = reader.tag();
    switch (shape.tag) {
        case Tag::kUndefined:
        case Tag::kNull:
        case Tag::kFalse:
        case Tag::kTrue:
        case Tag::kHole:
            break;
        case Tag::kInteger:
            shape.integer = reader.signed_varint();
            break;
        case Tag::kDouble:
        case Tag::kDate:
            shape.number = reader.fixed64();
            break;
        case Tag::kString:
        case Tag::kBigInt:
        case Tag::kBuffer:
        case Tag::kBuiltin:
        case Tag::kSymbol:
        case Tag::kXml:
            shape.text = reader.text();
            break;
        case Tag::kRegExp:
            shape.text = reader.text();
            shape.further_texts[0] = reader.text();
            break;
        case Tag::kReference:
            shape.number = reader.varint();
            break;
        default:
            read_container(reader, shape);
    }
    return shape;
}

void skip_path(Reader& reader) {
    for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
        reader.varint();
    }
}

}  // namespace fermata::value
