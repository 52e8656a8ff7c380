// Decoding: makes values of the script engine from value::Value.
//
// Threads: one owner at a time. Functions are compiled in the realm and find their names in the
// session that runs.
#pragma once

#include "script/quickjs_api.h"
#include "value/value.h"

namespace fermata::script {

class Realm;

// A new reference, or an exception: damaged bytes, a function whose source does not compile, no
// memory.
JSValue decode(Realm& realm, const value::Value& value);

// Makes the members of an encoded object properties of `scope`, each as soon as it is there: a
// class may extend an earlier one. False with an exception pending.
bool decode_members(Realm& realm, const value::Value& value, JSValueConst scope);

}  // namespace fermata::script
