// The one place that includes QuickJS, and the constants whose macros C++ does not like.
//
// Only .cpp files of script/ and headers that only those include may include this.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <quickjs.h>
#pragma GCC diagnostic pop

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fermata::script::js {

inline JSValue make_value(std::int64_t tag, std::int32_t number) {
    JSValue value;
    value.u.int32 = number;
    value.tag = tag;
    return value;
}
inline JSValue undefined() {
    return make_value(JS_TAG_UNDEFINED, 0);
}
inline JSValue null() {
    return make_value(JS_TAG_NULL, 0);
}
inline JSValue exception() {
    return make_value(JS_TAG_EXCEPTION, 0);
}
inline JSValue boolean(bool flag) {
    return make_value(JS_TAG_BOOL, flag ? 1 : 0);
}
inline JSValue integer(std::int32_t number) {
    return make_value(JS_TAG_INT, number);
}
inline JSValue from_object(void* object) {
    JSValue value;
    value.u.ptr = object;
    value.tag = JS_TAG_OBJECT;
    return value;
}
inline int tag_of(JSValueConst value) {
    return static_cast<int>(value.tag);
}
inline void* pointer_of(JSValueConst value) {
    return value.u.ptr;
}
// Of an object: how many places hold it, the asking one included.
inline int reference_count(JSValueConst value) {
    return static_cast<const JSRefCountHeader*>(value.u.ptr)->ref_count;
}
inline JSValue text(JSContext* context, std::string_view characters) {
    return JS_NewStringLen(context, characters.data(), characters.size());
}

// Owns one reference to a value.
class Value {
  public:
    Value(JSContext* context, JSValue value) : context_(context), value_(value) {}
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    Value(Value&& other) noexcept
        : context_(other.context_), value_(std::exchange(other.value_, undefined())) {}
    Value& operator=(Value&& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(value_, other.value_);
        return *this;
    }
    ~Value() { JS_FreeValue(context_, value_); }

    [[nodiscard]] JSValueConst get() const { return value_; }
    [[nodiscard]] JSValue release() { return std::exchange(value_, undefined()); }
    [[nodiscard]] bool is_exception() const { return tag_of(value_) == JS_TAG_EXCEPTION; }
    [[nodiscard]] bool is_object() const { return tag_of(value_) == JS_TAG_OBJECT; }
    [[nodiscard]] bool is_undefined() const { return tag_of(value_) == JS_TAG_UNDEFINED; }

  private:
    JSContext* context_;
    JSValue value_;
};

// Owns one reference to a property name.
class Atom {
  public:
    Atom() = default;
    Atom(JSContext* context, JSAtom atom) : context_(context), atom_(atom) {}
    Atom(JSContext* context, std::string_view name)
        : context_(context), atom_(JS_NewAtomLen(context, name.data(), name.size())) {}
    Atom(const Atom&) = delete;
    Atom& operator=(const Atom&) = delete;
    Atom(Atom&& other) noexcept
        : context_(other.context_), atom_(std::exchange(other.atom_, JSAtom{JS_ATOM_NULL})) {}
    Atom& operator=(Atom&& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(atom_, other.atom_);
        return *this;
    }
    ~Atom() {
        if (atom_ != JS_ATOM_NULL) {
            JS_FreeAtom(context_, atom_);
        }
    }
    [[nodiscard]] JSAtom get() const { return atom_; }

  private:
    JSContext* context_ = nullptr;
    JSAtom atom_ = JS_ATOM_NULL;
};

// UTF-8 of a string or of what String() makes of any other value; empty and not ok when that threw.
class Text {
  public:
    Text(JSContext* context, JSValueConst value)
        : context_(context), characters_(JS_ToCStringLen(context, &size_, value)) {}
    Text(JSContext* context, JSAtom atom)
        : context_(context), characters_(JS_AtomToCString(context, atom)) {
        size_ = characters_ == nullptr ? 0 : std::char_traits<char>::length(characters_);
    }
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;
    ~Text() {
        if (characters_ != nullptr) {
            JS_FreeCString(context_, characters_);
        }
    }
    [[nodiscard]] bool ok() const { return characters_ != nullptr; }
    [[nodiscard]] std::string_view view() const {
        return characters_ == nullptr ? std::string_view() : std::string_view(characters_, size_);
    }

  private:
    JSContext* context_;
    std::size_t size_ = 0;
    const char* characters_;
};

// The own property names of an object.
class Names {
  public:
    Names(JSContext* context, JSValueConst object, int flags) : context_(context) {
        ok_ = JS_GetOwnPropertyNames(context, &table_, &size_, object, flags) == 0;
    }
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;
    ~Names() {
        for (std::uint32_t at = 0; at < size_; ++at) {
            JS_FreeAtom(context_, table_[at].atom);
        }
        js_free(context_, table_);
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] JSAtom at(std::uint32_t index) const { return table_[index].atom; }
    [[nodiscard]] bool enumerable(std::uint32_t index) const {
        return table_[index].is_enumerable != 0;
    }

  private:
    JSContext* context_;
    JSPropertyEnum* table_ = nullptr;
    std::uint32_t size_ = 0;
    bool ok_ = false;
};

}  // namespace fermata::script::js
