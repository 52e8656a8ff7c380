#include "script/encode.h"

#include <algorithm>
#include <array>

#include "script/dom.h"
#include "script/realm.h"

namespace fermata::script {
namespace {

using value::Tag;
using value::TypedKind;

constexpr int kOwnNames = JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY;
// What a parent and the look-up hold.
constexpr int kHeldByParent = 2;
// Shared in ways that the count does not show (objects of one shape hold their prototype once).
constexpr int kHeldByNobody = 0;

TypedKind kind_of(ObjectClass array) {
    switch (array) {
        case ObjectClass::kInt8Array:
            return TypedKind::kInt8;
        case ObjectClass::kUint8Array:
            return TypedKind::kUint8;
        case ObjectClass::kUint8ClampedArray:
            return TypedKind::kUint8Clamped;
        case ObjectClass::kInt16Array:
            return TypedKind::kInt16;
        case ObjectClass::kUint16Array:
            return TypedKind::kUint16;
        case ObjectClass::kInt32Array:
            return TypedKind::kInt32;
        case ObjectClass::kUint32Array:
            return TypedKind::kUint32;
        case ObjectClass::kBigInt64Array:
            return TypedKind::kBigInt64;
        case ObjectClass::kBigUint64Array:
            return TypedKind::kBigUint64;
        case ObjectClass::kFloat32Array:
            return TypedKind::kFloat32;
        default:
            return TypedKind::kFloat64;
    }
}

}  // namespace

Encoder::Encoder(Realm& realm, KeyCache& keys, std::size_t bytes_max)
    : realm_(realm),
      context_(realm.context()),
      keys_(keys),
      bytes_max_(bytes_max),
      constructor_(realm.context(), std::string_view("constructor")),
      length_(realm.context(), std::string_view("length")) {}

void Encoder::reset() {
    clear_bytes();
    seen_.clear();
    steps_.clear();
    notes_.clear();
    functions_.clear();
    for (const JSValue& object : kept_) {
        JS_FreeValue(context_, object);
    }
    kept_.clear();
    item_ = 0;
    crossed_ = false;
    bytes_before_ = 0;
    is_over_ = false;
}

// Keeps the memory.
void Encoder::clear_bytes() {
    std::string bytes = writer_.take();
    bytes.clear();
    writer_ = value::Writer(std::move(bytes));
}

void Encoder::begin(std::string_view name) {
    bytes_before_ += writer_.size();
    clear_bytes();
    ++item_;
    number_ = 0;
    name_ = name;
}

void Encoder::begin_part(std::string_view name) {
    name_ = name;
}

void Encoder::tagged(Tag tag) {
    writer_.tag(tag);
    if (value::is_referable(tag)) {
        ++number_;
    }
}

std::string Encoder::path() const {
    std::string text = name_;
    for (const Step& step : steps_) {
        if (step.key == JS_ATOM_NULL) {
            text += '[' + std::to_string(step.index) + ']';
        } else {
            text += text.empty() ? "" : ".";
            text += js::Text(context_, step.key).view();
        }
    }
    return text;
}

void Encoder::unstorable(std::string_view what) {
    writer_.tag(Tag::kUndefined);
    notes_.push_back({path(), std::string(what)});
}

// A value may be much larger than the memory it takes: texts are shared, and one that was put
// together from parts is not yet made.
bool Encoder::check_room(std::size_t more) {
    is_over_ = is_over_ || bytes_before_ + writer_.size() + more > bytes_max_;
    return !is_over_;
}

void Encoder::encode(JSValueConst value, int holds) {
    if (!check_room(1)) {
        return;
    }
    switch (js::tag_of(value)) {
        case JS_TAG_INT:
            writer_.tag(Tag::kInteger);
            return writer_.signed_varint(value.u.int32);
        case JS_TAG_BOOL:
            return writer_.tag(value.u.int32 != 0 ? Tag::kTrue : Tag::kFalse);
        case JS_TAG_NULL:
            return writer_.tag(Tag::kNull);
        case JS_TAG_FLOAT64:
            return writer_.number(value.u.float64);
        case JS_TAG_STRING:
        case JS_TAG_STRING_ROPE:
            return check_text(value) ? writer_.string(js::Text(context_, value).view()) : void();
        case JS_TAG_BIG_INT:
        case JS_TAG_SHORT_BIG_INT:
            writer_.tag(Tag::kBigInt);
            return writer_.text(js::Text(context_, value).view());
        case JS_TAG_SYMBOL:
            return symbol(value);
        case JS_TAG_OBJECT:
            return object(value, holds);
        default:
            return writer_.tag(Tag::kUndefined);
    }
}

// True when a reference was written, or nothing need be written any more.
bool Encoder::already_written(JSValueConst value) {
    const auto [found, fresh] = seen_.emplace(js::pointer_of(value), Seen{item_, number_});
    if (fresh) {
        return false;
    }
    if (found->second.item != item_) {
        crossed_ = true;
        writer_.tag(Tag::kUndefined);
        return true;
    }
    writer_.tag(Tag::kReference);
    writer_.varint(found->second.number);
    return true;
}

bool Encoder::check_text(JSValueConst text) {
    if (js::tag_of(text) != JS_TAG_STRING_ROPE) {
        return check_room(1);
    }
    const js::Value length(context_, JS_GetProperty(context_, text, length_.get()));
    std::uint32_t units = 0;  // of UTF-16: each is a byte at least
    JS_ToUint32(context_, &units, length.get());
    return check_room(units);
}

void Encoder::symbol(JSValueConst value) {
    if (already_written(value)) {
        return;
    }
    tagged(Tag::kSymbol);
    // QuickJS names symbols by their description; those of the language are "Symbol.<name>".
    const js::Atom atom(context_, JS_ValueToAtom(context_, value));
    const js::Text description(context_, atom.get());
    constexpr std::string_view kWellKnown = "Symbol.";
    if (description.view().starts_with(kWellKnown)) {
        return writer_.text("@@" + std::string(description.view().substr(kWellKnown.size())));
    }
    writer_.text(description.view());
}

void Encoder::object(JSValueConst value, int holds) {
    const ObjectClass kind = class_of(value);
    // Nodes of XML data hold their document in a way that the count does not show.
    if (js::reference_count(value) > holds || kind == ObjectClass::kOther) {
        if (const std::string* builtin = realm_.builtin_table().find_path(value)) {
            writer_.tag(Tag::kBuiltin);
            return writer_.text(*builtin);
        }
        if (already_written(value)) {
            return;
        }
    }
    if (depth_ + 2 >= value::Reader::kNestingMax) {
        seen_.erase(js::pointer_of(value));
        return unstorable("nested too deeply");
    }
    ++depth_;
    if (kind == ObjectClass::kPlain || kind == ObjectClass::kArguments) {
        plain(value);
    } else {
        container(value, kind);
    }
    --depth_;
}

void Encoder::container(JSValueConst value, ObjectClass kind) {
    switch (kind) {
        case ObjectClass::kArray:
            return array(value);
        case ObjectClass::kMap:
            return collection(value, Tag::kMap, Intrinsic::kMapEntries);
        case ObjectClass::kSet:
            return collection(value, Tag::kSet, Intrinsic::kSetValues);
        case ObjectClass::kFunction:
            return function(value);
        case ObjectClass::kError:
            return error(value);
        case ObjectClass::kArrayBuffer:
            return buffer(value);
        case ObjectClass::kDataView:
            return view(value);
        case ObjectClass::kOther:
            if (!encode_node(realm_, value, *this)) {
                seen_.erase(js::pointer_of(value));
                unstorable("an object of this kind cannot be stored");
            }
            return;
        default:
            if (kind >= ObjectClass::kInt8Array && kind <= ObjectClass::kFloat64Array) {
                return typed(value, kind);
            }
            return scalar_object(value, kind);
    }
}

void Encoder::scalar_object(JSValueConst value, ObjectClass kind) {
    if (kind == ObjectClass::kDate) {
        const js::Value time(context_, realm_.intrinsics().call(Intrinsic::kDateTime, {value}));
        double milliseconds = 0;
        JS_ToFloat64(context_, &milliseconds, time.get());
        tagged(Tag::kDate);
        return writer_.real(milliseconds);
    }
    if (kind == ObjectClass::kRegExp) {
        tagged(Tag::kRegExp);
        intrinsic_text(Intrinsic::kRegExpSource, value);
        return intrinsic_text(Intrinsic::kRegExpFlags, value);
    }
    tagged(Tag::kBoxed);
    const js::Value primitive(context_, realm_.intrinsics().call(Intrinsic::kUnbox, {value}));
    encode(primitive.get(), kHeldByParent);
}

void Encoder::intrinsic_text(Intrinsic which, JSValueConst value) {
    const js::Value text(context_, realm_.intrinsics().call(which, {value}));
    writer_.text(js::Text(context_, text.get()).view());
}

bool Encoder::is_function_prototype(JSValueConst value, JSValueConst constructor) const {
    if (js::tag_of(constructor) != JS_TAG_OBJECT ||
        class_of(constructor) != ObjectClass::kFunction) {
        return false;
    }
    const js::Value prototype(context_, JS_GetPropertyStr(context_, constructor, "prototype"));
    return js::pointer_of(prototype.get()) == js::pointer_of(value);
}

void Encoder::plain(JSValueConst value) {
    const js::Names names(context_, value, kOwnNames);
    const js::Value parent(context_, JS_GetPrototype(context_, value));
    const bool ordinary =
        js::pointer_of(parent.get()) == js::pointer_of(realm_.object_prototype()) ||
        class_of(value) == ObjectClass::kArguments;
    JSPropertyDescriptor descriptor{};
    const bool has_constructor =
        JS_GetOwnProperty(context_, &descriptor, value, constructor_.get()) > 0;
    const js::Value constructor(context_, has_constructor ? descriptor.value : js::undefined());
    const js::Value getter(context_, has_constructor ? descriptor.getter : js::undefined());
    const js::Value setter(context_, has_constructor ? descriptor.setter : js::undefined());
    if (is_function_prototype(value, constructor.get())) {
        return function_prototype(names, value, constructor.get(), parent.get(), ordinary);
    }
    // What begins with "constructor" would read as the prototype of a function.
    if (ordinary && !(has_constructor && names.size() > 0 && names.at(0) == constructor_.get())) {
        tagged(Tag::kObject);
    } else {
        tagged(Tag::kInstance);
        encode(parent.get(), kHeldByNobody);
    }
    writer_.varint(names.size());
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        property(value, names.at(at));
    }
}

// An object whose first member is "constructor": the function, which makes it again. Then
// "__proto__" if it inherits from something that the function's source does not say, then what was
// added to it.
void Encoder::function_prototype(const js::Names& names, JSValueConst value,
                                 JSValueConst constructor, JSValueConst parent, bool ordinary) {
    const js::Value source(context_,
                           realm_.intrinsics().call(Intrinsic::kFunctionSource, {constructor}));
    const bool is_class = js::Text(context_, source.get()).view().starts_with("class");
    const bool has_parent = !ordinary && !is_class;
    std::uint32_t added = 0;
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        added += names.at(at) == constructor_.get() ? 0 : 1;
    }
    tagged(Tag::kObject);
    writer_.varint(1U + (has_parent ? 1U : 0U) + added);
    writer_.text("constructor");
    encode(constructor, kHeldByNobody);
    if (has_parent) {
        writer_.text("__proto__");
        encode(parent, kHeldByNobody);
    }
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        if (names.at(at) != constructor_.get()) {
            property(value, names.at(at));
        }
    }
}

void Encoder::property(JSValueConst owner, JSAtom name) {
    if (!check_room(1)) {
        return;
    }
    writer_.text(keys_.text(context_, name));
    JSPropertyDescriptor descriptor{};
    if (JS_GetOwnProperty(context_, &descriptor, owner, name) <= 0) {
        return writer_.tag(Tag::kUndefined);
    }
    const js::Value value(context_, descriptor.value);
    const js::Value getter(context_, descriptor.getter);
    const js::Value setter(context_, descriptor.setter);
    steps_.push_back({name, 0});
    if ((descriptor.flags & JS_PROP_GETSET) != 0) {
        writer_.tag(Tag::kAccessors);
        encode(getter.get(), kHeldByParent);
        encode(setter.get(), kHeldByParent);
    } else {
        encode(value.get(), kHeldByParent);
    }
    steps_.pop_back();
}

void Encoder::array(JSValueConst value) {
    const js::Value length_value(context_, JS_GetPropertyStr(context_, value, "length"));
    std::uint32_t length = 0;
    JS_ToUint32(context_, &length, length_value.get());
    if (length > kArrayLengthMax) {
        seen_.erase(js::pointer_of(value));
        return unstorable("the array is too long to be stored");
    }
    const js::Value parent(context_, JS_GetPrototype(context_, value));
    if (js::pointer_of(parent.get()) != js::pointer_of(realm_.array_prototype())) {
        notes_.push_back({path(), "an array with a class of its own is stored as a plain array"});
    }
    tagged(Tag::kArray);
    writer_.varint(length);
    for (std::uint32_t at = 0; at < length && !is_over_; ++at) {
        element(value, at);
    }
}

void Encoder::element(JSValueConst owner, std::uint32_t index) {
    JSPropertyDescriptor descriptor{};
    const js::Atom name(context_, JS_NewAtomUInt32(context_, index));
    if (JS_GetOwnProperty(context_, &descriptor, owner, name.get()) <= 0) {
        return writer_.tag(Tag::kHole);
    }
    const js::Value value(context_, descriptor.value);
    const js::Value getter(context_, descriptor.getter);
    const js::Value setter(context_, descriptor.setter);
    steps_.push_back({JS_ATOM_NULL, index});
    if ((descriptor.flags & JS_PROP_GETSET) != 0) {
        unstorable("an array element with a getter or setter cannot be stored");
    } else {
        encode(value.get(), kHeldByParent);
    }
    steps_.pop_back();
}

void Encoder::collection(JSValueConst value, Tag tag, Intrinsic list) {
    const js::Value entries(context_, realm_.intrinsics().call(list, {value}));
    const js::Value length(context_, JS_GetPropertyStr(context_, entries.get(), "length"));
    std::uint32_t size = 0;
    JS_ToUint32(context_, &size, length.get());
    tagged(tag);
    writer_.varint(tag == Tag::kMap ? size / 2 : size);
    for (std::uint32_t at = 0; at < size && !is_over_; ++at) {
        const js::Value entry(context_, JS_GetPropertyUint32(context_, entries.get(), at));
        steps_.push_back({JS_ATOM_NULL, tag == Tag::kMap ? at / 2 : at});
        encode(entry.get(), kHeldByParent + 1);
        steps_.pop_back();
    }
}

void Encoder::function(JSValueConst value) {
    const js::Value source(context_, realm_.intrinsics().call(Intrinsic::kFunctionSource, {value}));
    const js::Text text(context_, source.get());
    functions_.push_back({path(), std::string(text.view())});
    const js::Value parent(context_, JS_GetPrototype(context_, value));
    // A class that extends another needs that one to be there first.
    crossed_ = crossed_ || (parent.is_object() && class_of(parent.get()) == ObjectClass::kFunction);
    tagged(Tag::kFunction);
    writer_.text(text.view());
    const js::Names names(context_, value, kOwnNames);
    if (names.size() == 0) {
        return writer_.tag(Tag::kUndefined);
    }
    tagged(Tag::kObject);
    writer_.varint(names.size());
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        property(value, names.at(at));
    }
}

void Encoder::string_property(JSValueConst owner, const char* name) {
    const js::Value property(context_, JS_GetPropertyStr(context_, owner, name));
    const bool is_string = js::tag_of(property.get()) == JS_TAG_STRING ||
                           js::tag_of(property.get()) == JS_TAG_STRING_ROPE;
    if (is_string && check_text(property.get())) {
        return writer_.text(js::Text(context_, property.get()).view());
    }
    writer_.text({});
}

void Encoder::error(JSValueConst value) {
    tagged(Tag::kError);
    string_property(value, "name");
    string_property(value, "message");
    string_property(value, "stack");
    const js::Names names(context_, value, kOwnNames);
    if (names.size() == 0) {
        return writer_.tag(Tag::kUndefined);
    }
    tagged(Tag::kObject);
    writer_.varint(names.size());
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        property(value, names.at(at));
    }
}

void Encoder::buffer(JSValueConst value) {
    std::size_t size = 0;
    const std::uint8_t* bytes = JS_GetArrayBuffer(context_, &size, value);
    tagged(Tag::kBuffer);
    if (bytes == nullptr) {
        // Detached: nothing is left of it.
        JS_FreeValue(context_, JS_GetException(context_));
        size = 0;
    }
    writer_.text({reinterpret_cast<const char*>(bytes), size});
}

void Encoder::typed(JSValueConst value, ObjectClass kind) {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::size_t width = 1;
    const js::Value storage(context_,
                            JS_GetTypedArrayBuffer(context_, value, &offset, &length, &width));
    if (storage.is_exception()) {
        JS_FreeValue(context_, JS_GetException(context_));
        seen_.erase(js::pointer_of(value));
        return unstorable("a typed array without a buffer cannot be stored");
    }
    tagged(Tag::kTyped);
    writer_.byte(static_cast<std::uint8_t>(kind_of(kind)));
    writer_.varint(offset);
    writer_.varint(length / width);
    encode(storage.get(), kHeldByParent);
}

void Encoder::view(JSValueConst value) {
    const Intrinsics& intrinsics = realm_.intrinsics();
    const js::Value storage(context_, intrinsics.call(Intrinsic::kViewBuffer, {value}));
    const js::Value offset(context_, intrinsics.call(Intrinsic::kViewOffset, {value}));
    const js::Value length(context_, intrinsics.call(Intrinsic::kViewLength, {value}));
    std::int64_t offset_number = 0;
    std::int64_t length_number = 0;
    if (storage.is_exception() || JS_ToInt64(context_, &offset_number, offset.get()) < 0 ||
        JS_ToInt64(context_, &length_number, length.get()) < 0) {
        JS_FreeValue(context_, JS_GetException(context_));
        seen_.erase(js::pointer_of(value));
        return unstorable("a view without a buffer cannot be stored");
    }
    tagged(Tag::kTyped);
    writer_.byte(static_cast<std::uint8_t>(TypedKind::kDataView));
    writer_.varint(static_cast<std::uint64_t>(offset_number));
    writer_.varint(static_cast<std::uint64_t>(length_number));
    encode(storage.get(), kHeldByParent);
}

}  // namespace fermata::script
