// The documents of examples/ that `fermata demo` uploads, built into the binary.
#pragma once

#include <string_view>

namespace fermata::app {

std::string_view order_document();
std::string_view call_document();

}  // namespace fermata::app
