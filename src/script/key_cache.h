// KeyCache: the UTF-8 of property names that were written lately; most objects of a chart have the
// same few.
//
// Threads: one owner at a time. Must be cleared before its runtime goes.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "script/quickjs_api.h"

namespace fermata::script {

class KeyCache {
  public:
    explicit KeyCache(JSRuntime* runtime) : runtime_(runtime) {}
    KeyCache(const KeyCache&) = delete;
    KeyCache& operator=(const KeyCache&) = delete;
    ~KeyCache() {
        for (const Entry& entry : entries_) {
            JS_FreeAtomRT(runtime_, entry.atom);
        }
    }

    // Valid until the next call.
    std::string_view text(JSContext* context, JSAtom atom) {
        Entry& entry = entries_[atom % entries_.size()];
        if (entry.atom != atom) {
            JS_FreeAtomRT(runtime_, entry.atom);
            const js::Text characters(context, atom);
            entry.atom = characters.ok() ? JS_DupAtom(context, atom) : JSAtom{JS_ATOM_NULL};
            entry.text = characters.view();
        }
        return entry.text;
    }

  private:
    struct Entry {
        JSAtom atom = JS_ATOM_NULL;
        std::string text;
    };
    JSRuntime* runtime_;
    std::array<Entry, 512> entries_;
};

}  // namespace fermata::script
