// Compiling the texts of a chart to functions that every session of a realm can call.
//
//   value     () => (TEXT)
//   location  ($value) => {TEXT=$value}       in strict mode: an undeclared name is an error
//   script    ($scope) => {with($scope){…}}   top-level declarations become properties of the scope
//   function  () => (TEXT)                    a stored function
//             () => ({TEXT})                  the shorthand of a method, as the only property
//
// Arrow functions have no `arguments` and so no way for a chart to reach the shared function.
// A text that closes the wrapping's own brackets is refused, so nothing of it runs while compiling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "script/quickjs_api.h"

namespace fermata::script {

enum class Wrapping : std::uint8_t { kValue, kLocation, kScript, kFunction };

struct Compiled {
    JSValue function;           // an exception when the text is wrong; owned by the caller
    std::uint32_t lines = 0;    // what stands before the text in the function's source …
    std::uint32_t columns = 0;  // … and before its first line
};

// `file` is the name that stack traces give for the text.
Compiled compile(JSContext* context, Wrapping wrapping, std::string_view text, const char* file);

}  // namespace fermata::script
