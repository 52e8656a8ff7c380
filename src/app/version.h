// The version of this build, from the project's CMake file.
#pragma once

#include <string_view>

namespace fermata::app {

inline constexpr std::string_view kVersion = FERMATA_VERSION;

}  // namespace fermata::app
