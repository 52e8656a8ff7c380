#include "server_process.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fermata::durability {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kLogTail = 4000;

int status_of(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace

ServerProcess::ServerProcess(std::string binary, std::string folder,
                             std::vector<std::string> options)
    : binary_(std::move(binary)), folder_(std::move(folder)), options_(std::move(options)) {}

ServerProcess::~ServerProcess() {
    kill();
}

void ServerProcess::launch() {
    std::vector<std::string> arguments = {binary_, "serve", "--http.port=0", "--log.level=warning",
                                          "--log.file=" + folder_ + "/server.log"};
    for (const std::string& option : options_) {
        arguments.push_back("--" + option);
    }
    if (options_.empty()) {
        arguments.emplace_back("--persistence.type=embedded");
        arguments.push_back("--persistence.folder=" + folder_ + "/data");
    }
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        std::perror("pipe");
        std::abort();
    }
    line_.clear();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(ends[1], STDOUT_FILENO);
        ::execv(binary_.c_str(), pointers.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
}

std::optional<std::uint16_t> ServerProcess::wait_ready(milliseconds timeout) {
    const auto deadline = steady_clock::now() + timeout;
    while (line_.find('\n') == std::string::npos) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        pollfd ready{output_, POLLIN, 0};
        char buffer[256];
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
            return std::nullopt;
        }
        const ssize_t count = ::read(output_, buffer, sizeof buffer);
        if (count <= 0) {
            return std::nullopt;
        }
        line_.append(buffer, static_cast<std::size_t>(count));
    }
    const std::size_t colon = line_.rfind(':');
    if (line_.rfind("ready http://", 0) != 0 || colon == std::string::npos) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(std::atoi(line_.c_str() + colon + 1));
}

void ServerProcess::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
    }
    close_output();
}

std::optional<int> ServerProcess::terminate(milliseconds bound) {
    ::kill(pid_, SIGTERM);
    const std::optional<int> status = wait_exit(bound);
    kill();
    return status;
}

bool ServerProcess::is_running() {
    return pid_ > 0 && !wait_exit(milliseconds(0));
}

std::string ServerProcess::log_tail() const {
    std::ifstream file(folder_ + "/server.log");
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return text.size() <= kLogTail ? text : text.substr(text.size() - kLogTail);
}

std::optional<int> ServerProcess::wait_exit(milliseconds bound) {
    const auto deadline = steady_clock::now() + bound;
    while (pid_ > 0) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return status_of(status);
        }
        if (steady_clock::now() >= deadline) {
            break;
        }
        std::this_thread::sleep_for(milliseconds(5));
    }
    return std::nullopt;
}

void ServerProcess::close_output() {
    if (output_ >= 0) {
        ::close(output_);
        output_ = -1;
    }
}

}  // namespace fermata::durability
