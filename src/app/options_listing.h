// The option table as text for people, as Markdown for docs/reference/configuration.md, and as a
// TOML file to start from.
#pragma once

#include <string>

#include "app/settings.h"

namespace fermata::app {

std::string list_options(const Settings& settings);
std::string options_markdown();
std::string options_toml(const Settings& settings);

// One row of the Markdown table.
std::string markdown_row(const Option& option);

}  // namespace fermata::app
