#include "differential/peer.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

namespace fermata::differential {

Peer::Peer(const std::string& program) {
    int input[2];
    int output[2];
    FERMATA_CHECK(pipe(input) == 0 && pipe(output) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    for (const int descriptor : {input[0], input[1], output[0], output[1]}) {
        posix_spawn_file_actions_addclose(&actions, descriptor);
    }
    std::string path = program;
    char* arguments[] = {path.data(), nullptr};
    FERMATA_CHECK(posix_spawn(&process_, path.c_str(), &actions, nullptr, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    to_ = fdopen(input[1], "w");
    from_ = fdopen(output[0], "r");
    FERMATA_CHECK(to_ != nullptr && from_ != nullptr);
}

Peer::~Peer() {
    std::fclose(to_);
    std::fclose(from_);
    int status = 0;
    waitpid(process_, &status, 0);
}

Trace Peer::run(const RandomChart& chart) {
    std::string request =
        fmt::format("{} {}\n{}", chart.scxml.size(), chart.events.size(), chart.scxml);
    for (const std::string& event : chart.events) {
        request += event + "\n";
    }
    FERMATA_CHECK(std::fwrite(request.data(), 1, request.size(), to_) == request.size());
    FERMATA_CHECK(std::fflush(to_) == 0);
    Trace trace;
    std::string line;
    for (int letter = std::fgetc(from_); letter != EOF; letter = std::fgetc(from_)) {
        if (letter != '\n') {
            line.push_back(static_cast<char>(letter));
            continue;
        }
        if (line == "end") {
            return trace;
        }
        trace.push_back(std::move(line));
        line.clear();
    }
    trace.emplace_back("the peer ended");
    return trace;
}

}  // namespace fermata::differential
