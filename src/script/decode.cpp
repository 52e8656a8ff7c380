#include "script/decode.h"

#include <vector>

#include "script/compile.h"
#include "script/dom.h"
#include "script/realm.h"
#include "value/encoding.h"

namespace fermata::script {
namespace {

using value::Reader;
using value::Tag;
using value::TypedKind;

class Decoder {
  public:
    Decoder(Realm& realm, std::string_view bytes)
        : realm_(realm), context_(realm.context()), reader_(bytes) {}
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    ~Decoder() {
        for (const JSValue& object : objects_) {
            JS_FreeValue(context_, object);
        }
    }

    JSValue run() {
        js::Value result(context_, decode());
        if (!result.is_exception() && (!reader_.ok() || !reader_.at_end())) {
            return damaged();
        }
        return result.release();
    }

    bool run_into(JSValueConst scope) {
        if (reader_.tag() != Tag::kObject) {
            damaged();
            return false;
        }
        objects_.push_back(JS_DupValue(context_, scope));
        if (!members(scope, reader_.count())) {
            return false;
        }
        if (!reader_.ok() || !reader_.at_end()) {
            damaged();
            return false;
        }
        return true;
    }

  private:
    JSValue damaged() { return JS_ThrowTypeError(context_, "stored value is damaged"); }
    [[nodiscard]] static bool failed(const js::Value& value) { return value.is_exception(); }

    JSValue decode() {
        if (depth_ >= Reader::kNestingMax) {
            return damaged();
        }
        ++depth_;
        JSValue value = by_tag(reader_.tag());
        --depth_;
        return value;
    }

    JSValue by_tag(Tag tag) {
        switch (tag) {
            case Tag::kUndefined:
                return reader_.ok() ? js::undefined() : damaged();
            case Tag::kNull:
                return js::null();
            case Tag::kFalse:
                return js::boolean(false);
            case Tag::kTrue:
                return js::boolean(true);
            case Tag::kInteger:
                return JS_NewInt64(context_, reader_.signed_varint());
            case Tag::kDouble:
                return JS_NewFloat64(context_, reader_.real());
            case Tag::kString:
                return js::text(context_, reader_.text());
            case Tag::kArray:
                return array();
            case Tag::kObject:
                return object();
            case Tag::kReference:
                return reference();
            default:
                return rare(tag);
        }
    }

    JSValue rare(Tag tag) {
        switch (tag) {
            case Tag::kBigInt:
                return call_with_text(Intrinsic::kMakeBigInt, reader_.text());
            case Tag::kDate:
                return remember(JS_NewDate(context_, reader_.real()));
            case Tag::kRegExp:
                return regexp();
            case Tag::kMap:
                return map();
            case Tag::kSet:
                return set();
            case Tag::kBuffer:
                return buffer();
            case Tag::kTyped:
                return typed();
            case Tag::kFunction:
                return function(kNoSlot);
            case Tag::kBuiltin:
                return realm_.builtin_table().find_object(reader_.text());
            case Tag::kInstance:
                return instance();
            case Tag::kError:
                return error();
            case Tag::kSymbol:
                return remember(call_with_text(Intrinsic::kMakeSymbol, reader_.text()));
            case Tag::kXml:
                return remember(create_document(realm_, reader_.text()));
            case Tag::kBoxed:
                return boxed();
            case Tag::kXmlNode:
                return xml_node();
            default:
                return damaged();
        }
    }

    // Numbers the object; exceptions pass.
    JSValue remember(JSValue object) {
        if (js::tag_of(object) != JS_TAG_EXCEPTION) {
            objects_.push_back(JS_DupValue(context_, object));
        }
        return object;
    }
    // A number for an object that is made later.
    std::size_t reserve() {
        objects_.push_back(js::undefined());
        return objects_.size() - 1;
    }
    void fill(std::size_t slot, JSValueConst object) {
        if (slot != kNoSlot && js::tag_of(objects_[slot]) == JS_TAG_UNDEFINED) {
            objects_[slot] = JS_DupValue(context_, object);
        }
    }
    JSValue reference() {
        const std::uint64_t number = reader_.varint();
        if (number >= objects_.size()) {
            return damaged();
        }
        return JS_DupValue(context_, objects_[static_cast<std::size_t>(number)]);
    }
    JSValue call_with_text(Intrinsic which, std::string_view text) {
        const js::Value argument(context_, js::text(context_, text));
        return realm_.intrinsics().call(which, {argument.get()});
    }

    JSValue array() {
        js::Value result(context_, remember(JS_NewArray(context_)));
        const auto count = static_cast<std::uint32_t>(reader_.count());
        if (failed(result) || !reader_.ok()) {
            return failed(result) ? js::exception() : damaged();
        }
        bool ends_with_hole = false;
        for (std::uint32_t at = 0; at < count; ++at) {
            ends_with_hole = reader_.peek_tag() == Tag::kHole;
            if (ends_with_hole) {
                reader_.tag();
                continue;
            }
            JSValue element = decode();
            if (js::tag_of(element) == JS_TAG_EXCEPTION ||
                JS_SetPropertyUint32(context_, result.get(), at, element) < 0) {
                return js::exception();
            }
        }
        if (ends_with_hole && JS_SetPropertyStr(context_, result.get(), "length",
                                                JS_NewUint32(context_, count)) < 0) {
            return js::exception();
        }
        return result.release();
    }

    JSValue object() {
        const std::uint64_t count = reader_.count();
        constexpr std::string_view kConstructor = "constructor";
        if (count > 0) {
            Reader ahead = reader_;
            if (ahead.text() == kConstructor &&
                (ahead.peek_tag() == Tag::kFunction || ahead.peek_tag() == Tag::kReference)) {
                reader_ = ahead;
                return function_prototype(count);
            }
        }
        js::Value result(context_, remember(JS_NewObject(context_)));
        if (failed(result) || !members(result.get(), count)) {
            return js::exception();
        }
        return result.release();
    }

    bool members(JSValueConst object, std::uint64_t count) {
        for (std::uint64_t at = 0; at < count; ++at) {
            const js::Atom key(context_, reader_.text());
            if (!reader_.ok()) {
                damaged();
                return false;
            }
            if (!member(object, key.get())) {
                return false;
            }
        }
        return true;
    }
    bool member(JSValueConst object, JSAtom key) {
        if (reader_.peek_tag() == Tag::kAccessors) {
            reader_.tag();
            js::Value getter(context_, decode());
            js::Value setter(context_, failed(getter) ? js::exception() : decode());
            return !failed(setter) &&
                   JS_DefinePropertyGetSet(context_, object, key, getter.release(),
                                           setter.release(), JS_PROP_C_W_E) >= 0;
        }
        JSValue value = decode();
        return js::tag_of(value) != JS_TAG_EXCEPTION &&
               JS_DefinePropertyValue(context_, object, key, value, JS_PROP_C_W_E) >= 0;
    }

    // Behind the key "constructor": what the function's own source makes its prototype.
    JSValue function_prototype(std::uint64_t count) {
        const std::size_t slot = reserve();
        const bool is_new = reader_.peek_tag() == Tag::kFunction;
        if (is_new) {
            reader_.tag();
        }
        const js::Value constructor(context_, is_new ? function(slot) : decode());
        if (failed(constructor)) {
            return js::exception();
        }
        js::Value prototype(context_,
                            constructor.is_object()
                                ? JS_GetPropertyStr(context_, constructor.get(), "prototype")
                                : js::undefined());
        if (!prototype.is_object()) {
            return failed(prototype) ? js::exception() : damaged();
        }
        fill(slot, prototype.get());
        std::uint64_t left = count - 1;
        Reader ahead = reader_;
        if (left > 0 && ahead.text() == "__proto__") {
            reader_ = ahead;
            --left;
            const js::Value parent(context_, decode());
            if (failed(parent) || JS_SetPrototype(context_, prototype.get(), parent.get()) < 0) {
                return js::exception();
            }
        }
        return members(prototype.get(), left) ? prototype.release() : js::exception();
    }

    JSValue instance() {
        const std::size_t slot = reserve();
        js::Value prototype(context_, decode());
        if (failed(prototype)) {
            return js::exception();
        }
        const bool fits = prototype.is_object() || js::tag_of(prototype.get()) == JS_TAG_NULL;
        js::Value result(context_,
                         JS_NewObjectProto(context_, fits ? prototype.get() : js::null()));
        if (failed(result)) {
            return js::exception();
        }
        fill(slot, result.get());
        const std::uint64_t count = reader_.count();
        return members(result.get(), count) ? result.release() : js::exception();
    }

    // `prototype_slot`: number that waits for the function's prototype object.
    JSValue function(std::size_t prototype_slot) {
        const std::size_t slot = reserve();
        js::Value result(context_, realm_.make_function(reader_.text()));
        if (failed(result)) {
            return js::exception();
        }
        fill(slot, result.get());
        if (prototype_slot != kNoSlot) {
            const js::Value prototype(context_,
                                      JS_GetPropertyStr(context_, result.get(), "prototype"));
            fill(prototype_slot, prototype.get());
        }
        return further_properties(result.get()) ? result.release() : js::exception();
    }
    // An object value whose members go to `object`, or undefined.
    bool further_properties(JSValueConst object) {
        const Tag tag = reader_.tag();
        if (tag == Tag::kUndefined) {
            return reader_.ok();
        }
        if (tag != Tag::kObject) {
            damaged();
            return false;
        }
        objects_.push_back(JS_DupValue(context_, object));
        return members(object, reader_.count());
    }

    JSValue error() {
        const std::size_t slot = reserve();
        const std::string_view name = reader_.text();
        const std::string_view message = reader_.text();
        const std::string_view stack = reader_.text();
        js::Value result(context_, call_with_text(Intrinsic::kMakeError, name));
        if (failed(result)) {
            return js::exception();
        }
        fill(slot, result.get());
        constexpr int kHidden = JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE;
        JS_DefinePropertyValueStr(context_, result.get(), "message", js::text(context_, message),
                                  kHidden);
        JS_DefinePropertyValueStr(context_, result.get(), "stack", js::text(context_, stack),
                                  kHidden);
        const js::Value known(context_, JS_GetPropertyStr(context_, result.get(), "name"));
        if (js::Text(context_, known.get()).view() != name) {
            JS_DefinePropertyValueStr(context_, result.get(), "name", js::text(context_, name),
                                      kHidden);
        }
        return further_properties(result.get()) ? result.release() : js::exception();
    }

    JSValue regexp() {
        const js::Value source(context_, js::text(context_, reader_.text()));
        const js::Value flags(context_, js::text(context_, reader_.text()));
        return remember(
            realm_.intrinsics().call(Intrinsic::kMakeRegExp, {source.get(), flags.get()}));
    }

    JSValue map() {
        js::Value result(context_, remember(realm_.intrinsics().call(Intrinsic::kMakeMap, {})));
        const std::uint64_t count = failed(result) ? 0 : reader_.count();
        for (std::uint64_t at = 0; at < count; ++at) {
            const js::Value key(context_, decode());
            const js::Value item(context_, failed(key) ? js::exception() : decode());
            if (failed(item)) {
                return js::exception();
            }
            JS_FreeValue(context_, realm_.intrinsics().call(Intrinsic::kMapPut,
                                                            {result.get(), key.get(), item.get()}));
        }
        return result.release();
    }
    JSValue set() {
        js::Value result(context_, remember(realm_.intrinsics().call(Intrinsic::kMakeSet, {})));
        const std::uint64_t count = failed(result) ? 0 : reader_.count();
        for (std::uint64_t at = 0; at < count; ++at) {
            const js::Value item(context_, decode());
            if (failed(item)) {
                return js::exception();
            }
            JS_FreeValue(context_,
                         realm_.intrinsics().call(Intrinsic::kSetAdd, {result.get(), item.get()}));
        }
        return result.release();
    }

    JSValue buffer() {
        const std::string_view bytes = reader_.text();
        return remember(JS_NewArrayBufferCopy(
            context_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
    }
    JSValue typed() {
        const std::size_t slot = reserve();
        const auto kind = static_cast<TypedKind>(reader_.byte());
        const std::uint64_t offset = reader_.varint();
        const std::uint64_t length = reader_.varint();
        if (!reader_.ok() || kind > TypedKind::kDataView || kind == TypedKind::kFloat16 ||
            offset > INT32_MAX || length > INT32_MAX) {
            return damaged();
        }
        const js::Value storage(context_, decode());
        if (failed(storage)) {
            return js::exception();
        }
        js::Value result(context_, realm_.intrinsics().call(
                                       Intrinsic::kMakeTyped,
                                       {js::integer(static_cast<std::int32_t>(kind)), storage.get(),
                                        js::integer(static_cast<std::int32_t>(offset)),
                                        js::integer(static_cast<std::int32_t>(length))}));
        if (!failed(result)) {
            fill(slot, result.get());
        }
        return result.release();
    }

    JSValue boxed() {
        const std::size_t slot = reserve();
        const js::Value primitive(context_, decode());
        if (failed(primitive)) {
            return js::exception();
        }
        js::Value result(context_, realm_.intrinsics().call(Intrinsic::kBox, {primitive.get()}));
        if (!failed(result)) {
            fill(slot, result.get());
        }
        return result.release();
    }

    JSValue xml_node() {
        const std::size_t slot = reserve();
        const js::Value document(context_, decode());
        if (failed(document)) {
            return js::exception();
        }
        std::vector<std::uint32_t> path;
        for (std::uint64_t left = reader_.count(); left > 0 && reader_.ok(); --left) {
            path.push_back(static_cast<std::uint32_t>(reader_.varint()));
        }
        js::Value result(context_, find_node(realm_, document.get(), path.data(), path.size()));
        if (!failed(result)) {
            fill(slot, result.get());
        }
        return result.release();
    }

    static constexpr std::size_t kNoSlot = ~std::size_t{0};

    Realm& realm_;
    JSContext* context_;
    Reader reader_;
    std::vector<JSValue> objects_;  // by number; each holds a reference
    std::uint32_t depth_ = 0;
};

}  // namespace

JSValue decode(Realm& realm, const value::Value& value) {
    return Decoder(realm, value.bytes()).run();
}

bool decode_members(Realm& realm, const value::Value& value, JSValueConst scope) {
    return Decoder(realm, value.bytes()).run_into(scope);
}

}  // namespace fermata::script
