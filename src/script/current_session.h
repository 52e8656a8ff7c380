// CurrentSession: what the one session that is evaluating right now brings along.
//
// It lives in the Engine and not in each data model, because only one session of a shard evaluates
// at a time and a million others are at rest. The global object of a realm looks names up here.
#pragma once

#include <memory>
#include <vector>

#include "script/data_model.h"
#include "script/quickjs_api.h"
#include "value/event.h"

namespace fermata::script {

// One <foreach> that is running.
struct Iteration {
    JSValue array;  // owned: the shallow copy
    std::uint32_t next = 0;
    std::uint32_t size = 0;
    JSAtom item = JS_ATOM_NULL;   // owned
    JSAtom index = JS_ATOM_NULL;  // owned
};

struct CurrentSession {
    const Host* host = nullptr;       // null: no session is evaluating
    JSContext* context = nullptr;     // of its realm
    JSValue scope = js::undefined();  // borrowed from the data model

    bool has_event = false;
    value::Event event;
    // Made when a script first asks for them; owned.
    JSValue event_object = js::undefined();
    JSValue io_processors = js::undefined();
    std::vector<Iteration> iterations;

    void drop_event() {
        if (js::tag_of(event_object) != JS_TAG_UNDEFINED) {
            JS_FreeValue(context, std::exchange(event_object, js::undefined()));
        }
        has_event = false;
    }
    void drop_iteration() {
        const Iteration& last = iterations.back();
        JS_FreeValue(context, last.array);
        JS_FreeAtom(context, last.item);
        JS_FreeAtom(context, last.index);
        iterations.pop_back();
    }
    // Gives everything back and leaves.
    void clear() {
        drop_event();
        if (js::tag_of(io_processors) != JS_TAG_UNDEFINED) {
            JS_FreeValue(context, std::exchange(io_processors, js::undefined()));
        }
        while (!iterations.empty()) {
            drop_iteration();
        }
        host = nullptr;
        scope = js::undefined();
    }
};

}  // namespace fermata::script
