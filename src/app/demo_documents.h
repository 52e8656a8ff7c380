// The documents of examples/ that `fermata demo` uploads, built into the binary.
#pragma once

#include <string_view>

namespace fermata::app {

extern const std::string_view kOrderDocument;
extern const std::string_view kCallDocument;

}  // namespace fermata::app
