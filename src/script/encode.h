// Encoder: writes values of the script engine as value::Value.
//
// It runs no code of the chart: getters are stored as functions, proxies are not entered.
// What cannot be stored (generators, promises, weak maps, proxies, iterators, bound functions)
// becomes undefined and is noted with its path.
//
// Limits: nesting up to value::Reader::kNestingMax, arrays up to kArrayLengthMax; beyond that the
// part becomes undefined and is noted. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "script/intrinsics.h"
#include "script/key_cache.h"
#include "script/quickjs_api.h"
#include "value/encoding.h"

namespace fermata::script {

class Realm;

class Encoder {
  public:
    static constexpr std::uint32_t kArrayLengthMax = 1U << 24U;

    // Something that was not stored as it is.
    struct Note {
        std::string path;  // "data.handlers[2]"
        std::string text;
    };
    // A function that was stored, for those who want to look at what it needs.
    struct StoredFunction {
        std::string path;
        std::string source;
    };

    // bytes_max: of all that is written until reset(). Beyond it nothing is looked at any more.
    Encoder(Realm& realm, KeyCache& keys, std::size_t bytes_max);
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
    ~Encoder() { reset(); }

    // Starts a value whose references count from 0. `name` begins the paths of notes.
    void begin(std::string_view name);
    // Several values that may refer to objects of each other are one item.
    void begin_part(std::string_view name);
    // `holds`: how many references to `value` are known not to come from within (1 for a value that
    // only the caller holds, 2 when a variable holds it too).
    void encode(JSValueConst value, int holds);

    [[nodiscard]] value::Writer& writer() { return writer_; }
    // The present value cannot stand alone, since an object of it belongs to an earlier one or a
    // class extends another: all must be written as parts of one.
    [[nodiscard]] bool crossed() const { return crossed_; }
    // More than bytes_max: what was written is not the value.
    [[nodiscard]] bool is_over() const {
        return is_over_ || bytes_before_ + writer_.size() > bytes_max_;
    }
    [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }
    [[nodiscard]] const std::vector<StoredFunction>& functions() const { return functions_; }
    // Begins a value of this tag and numbers it if values of that tag are numbered.
    void tagged(value::Tag tag);
    // Holds an object that was made for encoding, so that nothing else gets its address meanwhile.
    void keep(JSValue object) { kept_.push_back(object); }
    // Forgets all but the memory it has.
    void reset();

  private:
    struct Seen {
        std::uint32_t item;
        std::uint32_t number;
    };
    struct Step {
        JSAtom key;  // JS_ATOM_NULL: an index
        std::uint32_t index;
    };

    void object(JSValueConst value, int holds);
    bool already_written(JSValueConst value);
    void container(JSValueConst value, ObjectClass kind);
    void scalar_object(JSValueConst value, ObjectClass kind);
    void plain(JSValueConst value);
    void function_prototype(const js::Names& names, JSValueConst value, JSValueConst constructor,
                            JSValueConst parent, bool ordinary);
    void property(JSValueConst owner, JSAtom name);
    void array(JSValueConst value);
    void element(JSValueConst owner, std::uint32_t index);
    void collection(JSValueConst value, value::Tag tag, Intrinsic list);
    void function(JSValueConst value);
    void error(JSValueConst value);
    void buffer(JSValueConst value);
    void typed(JSValueConst value, ObjectClass kind);
    void view(JSValueConst value);
    void symbol(JSValueConst value);
    bool check_room(std::size_t more);
    bool check_text(JSValueConst text);
    void string_property(JSValueConst owner, const char* name);
    void intrinsic_text(Intrinsic which, JSValueConst value);
    void clear_bytes();
    void unstorable(std::string_view what);
    [[nodiscard]] std::string path() const;
    [[nodiscard]] bool is_function_prototype(JSValueConst value, JSValueConst constructor) const;

    Realm& realm_;
    JSContext* context_;
    KeyCache& keys_;
    value::Writer writer_;
    std::unordered_map<const void*, Seen> seen_;
    std::vector<Step> steps_;
    std::string name_;
    std::uint32_t item_ = 0;
    std::uint32_t number_ = 0;
    std::uint32_t depth_ = 0;
    bool crossed_ = false;
    const std::size_t bytes_max_;
    std::size_t bytes_before_ = 0;  // of the values before this one
    bool is_over_ = false;
    std::vector<Note> notes_;
    std::vector<StoredFunction> functions_;
    std::vector<JSValue> kept_;
    js::Atom constructor_;
    js::Atom length_;
};

}  // namespace fermata::script
