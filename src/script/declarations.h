// Declarations of a <script>: which names it declares at its top level, and its text so that they
// become properties of the session's scope (SCXML 5.8, B.2.6).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fermata::script {

struct ScopedScript {
    // The text with let and const of the top level as var, and classes as assignments. Every line
    // stays where it was.
    std::string text;
    // var (in blocks too), let, const and class: to be made on the scope before the script runs.
    std::vector<std::string> variables;
    // Function declarations: to be assigned to the scope before anything else runs.
    std::vector<std::string> functions;
};

ScopedScript move_declarations_to_scope(std::string_view script);

}  // namespace fermata::script
