// Looking at expressions as text: enough to find names and operators without a parser. Strings are
// skipped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fermata::scxml {

// Does the name stand in the text as a word of its own, not as a property (x.name)?
bool mentions(std::string_view text, std::string_view name);

// Literal state ids in calls of In(): In('a').
std::vector<std::string> in_arguments(std::string_view text);

// A single '=' outside of strings: an assignment where a comparison was meant. Silent about text
// with a '/', which may start a regular expression, and about functions.
bool assigns(std::string_view text);

// May this code declare names that nobody can see in its text (eval, with, Function)?
bool hides_names(std::string_view text);

}  // namespace fermata::scxml
