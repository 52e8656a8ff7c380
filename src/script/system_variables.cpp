#include "script/system_variables.h"

#include <algorithm>

#include "script/decode.h"
#include "script/realm.h"

namespace fermata::script {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"_event", "_sessionid", "_name",
                                                    "_ioprocessors", "_x"};
// Visible, but not to be changed.
constexpr int kFixed = JS_PROP_ENUMERABLE;

bool define(JSContext* context, JSValueConst object, const char* name, JSValue value) {
    return JS_DefinePropertyValueStr(context, object, name, value, kFixed) >= 0;
}

bool define_text(JSContext* context, JSValueConst object, const char* name, std::string_view text) {
    return define(context, object, name, text.empty() ? js::undefined() : js::text(context, text));
}

std::string_view type_name(value::EventType type) {
    switch (type) {
        case value::EventType::kPlatform:
            return "platform";
        case value::EventType::kInternal:
            return "internal";
        case value::EventType::kExternal:
            return "external";
    }
    return "external";
}

// The name by which charts may ask for a processor besides its URI (SCXML C.1, C.2).
const char* short_name(std::string_view type) {
    if (type == "http://www.w3.org/TR/scxml/#SCXMLEventProcessor") {
        return "scxml";
    }
    if (type == "http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor") {
        return "basichttp";
    }
    return nullptr;
}

bool add_processor(JSContext* context, JSValueConst table, const IoProcessor& processor) {
    js::Value entry(context, JS_NewObject(context));
    if (entry.is_exception() ||
        !define(context, entry.get(), "location", js::text(context, processor.location)) ||
        JS_PreventExtensions(context, entry.get()) < 0) {
        return false;
    }
    const char* alias = short_name(processor.type);
    return define(context, table, processor.type.c_str(), JS_DupValue(context, entry.get())) &&
           (alias == nullptr || define(context, table, alias, JS_DupValue(context, entry.get())));
}

}  // namespace

SystemVariables::SystemVariables(Realm& realm)
    : realm_(realm), atoms_{}, x_(JS_NewObjectProto(realm.context(), js::null())) {
    for (std::size_t at = 0; at < kNames.size(); ++at) {
        atoms_[at] = JS_NewAtomLen(realm.context(), kNames[at].data(), kNames[at].size());
    }
    JS_PreventExtensions(realm.context(), x_);
}

SystemVariables::~SystemVariables() {
    for (const JSAtom atom : atoms_) {
        JS_FreeAtom(realm_.context(), atom);
    }
    JS_FreeValue(realm_.context(), x_);
}

bool SystemVariables::is_name(std::string_view name) {
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

JSValue SystemVariables::get(SystemVariable variable) {
    const Host* host = realm_.current().host;
    if (host == nullptr) {
        return js::undefined();
    }
    switch (variable) {
        case SystemVariable::kEvent:
            return event();
        case SystemVariable::kSessionId:
            return js::text(realm_.context(), host->session_id());
        case SystemVariable::kName:
            return js::text(realm_.context(), host->session_name());
        case SystemVariable::kIoProcessors:
            return io_processors();
        case SystemVariable::kX:
            return JS_DupValue(realm_.context(), x_);
        case SystemVariable::kNone:
            break;
    }
    return js::undefined();
}

JSValue SystemVariables::event() {
    CurrentSession& current = realm_.current();
    JSContext* context = realm_.context();
    if (!current.has_event) {
        return js::undefined();
    }
    if (js::tag_of(current.event_object) != JS_TAG_UNDEFINED) {
        return JS_DupValue(context, current.event_object);
    }
    const value::Event& event = current.event;
    js::Value object(context, JS_NewObject(context));
    if (object.is_exception()) {
        return js::exception();
    }
    JSValue data = decode(realm_, event.data);
    if (js::tag_of(data) == JS_TAG_EXCEPTION) {
        return data;
    }
    const bool complete = define(context, object.get(), "name", js::text(context, event.name)) &&
                          define_text(context, object.get(), "type", type_name(event.type)) &&
                          define_text(context, object.get(), "sendid", event.sendid) &&
                          define_text(context, object.get(), "origin", event.origin) &&
                          define_text(context, object.get(), "origintype", event.origintype) &&
                          define_text(context, object.get(), "invokeid", event.invokeid) &&
                          define_text(context, object.get(), "raw", event.raw);
    if (!define(context, object.get(), "data", data) || !complete ||
        JS_PreventExtensions(context, object.get()) < 0) {
        return js::exception();
    }
    current.event_object = object.release();
    return JS_DupValue(context, current.event_object);
}

JSValue SystemVariables::io_processors() {
    CurrentSession& current = realm_.current();
    JSContext* context = realm_.context();
    if (js::tag_of(current.io_processors) == JS_TAG_UNDEFINED) {
        js::Value table(context, JS_NewObject(context));
        if (table.is_exception()) {
            return js::exception();
        }
        for (const IoProcessor& processor : current.host->io_processors()) {
            if (!add_processor(context, table.get(), processor)) {
                return js::exception();
            }
        }
        if (JS_PreventExtensions(context, table.get()) < 0) {
            return js::exception();
        }
        current.io_processors = table.release();
    }
    return JS_DupValue(context, current.io_processors);
}

}  // namespace fermata::script
