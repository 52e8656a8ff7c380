// Protection of a realm's built-ins: what one session does to them no other session may see.
//
// Everything that can be reached from the global object is frozen. Frozen prototypes have an
// unpleasant side in ECMAScript: assigning `object.toString = …` fails because an inherited
// property is read-only. So those inherited properties that programs do assign on their own objects
// become accessors whose setter makes an own property of the receiver. Methods of arrays, strings,
// maps … stay plain, for speed.
#pragma once

namespace fermata::script {

class Realm;

// False when out of memory.
bool protect_builtins(Realm& realm);

}  // namespace fermata::script
