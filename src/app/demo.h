// Demo: runs strategies on a server of its own, kills it in mid-flight, and shows that everything
// goes on.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace fermata::app {

struct DemoOptions {
    std::string program;  // the fermata binary
    std::string folder;   // of an embedded store; empty: the store that `options` name
    // Of its server: "--config", "fermata.toml", "--section.option=value".
    std::vector<std::string> options;
    // Behind the names of sessions, so that a store may be used twice; empty: nothing.
    std::string mark;
    std::string port = "0";
    bool stay = true;  // leave the server running at the end, until it is interrupted
};

// Fails with what did not go on as it should.
Result<void> run_demo(const DemoOptions& options);

}  // namespace fermata::app
