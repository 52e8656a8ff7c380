// What names a text of JavaScript uses: for the linter, and for functions that are stored by
// source.
//
// By tokens, not by a parser: a name that is declared anywhere in the text counts as declared
// everywhere in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "script/tokens.h"

namespace fermata::script {

// Names that are read or written and not declared by the text, in order of appearance, once each.
std::vector<std::string> names_from_outside(std::string_view text, TextBegins begins);

}  // namespace fermata::script
