#include "fault_driver.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fermata::durability {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void open_pipe(int (&ends)[2]) {
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        std::perror("pipe");
        std::abort();
    }
}

}  // namespace

FaultDriver::FaultDriver(const std::string& command) {
    std::string line = "exec " + command;
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char* const arguments[] = {shell, option, line.data(), nullptr};
    int to_program[2];
    int from_program[2];
    open_pipe(to_program);
    open_pipe(from_program);
    std::signal(SIGPIPE, SIG_IGN);  // a program that is gone is told by its output's end
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(to_program[0], STDIN_FILENO);
        ::dup2(from_program[1], STDOUT_FILENO);
        ::execv(shell, arguments);
        ::_exit(127);
    }
    ::close(to_program[0]);
    ::close(from_program[1]);
    input_ = to_program[1];
    output_ = from_program[0];
}

FaultDriver::~FaultDriver() {
    if (input_ >= 0) {
        ::close(input_);
    }
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
}

void FaultDriver::begin(int round) const {
    const std::string line = "round " + std::to_string(round) + "\n";
    if (::write(input_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        std::perror("the fault driver");
    }
}

std::optional<std::string> FaultDriver::next_line(milliseconds timeout) {
    const auto deadline = steady_clock::now() + timeout;
    std::size_t end = received_.find('\n');
    while (end == std::string::npos) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0 || !read_more(left)) {
            return std::nullopt;
        }
        end = received_.find('\n');
    }
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    return line;
}

std::string FaultDriver::finish(milliseconds timeout) {
    const auto deadline = steady_clock::now() + timeout;
    ::close(input_);
    input_ = -1;
    while (read_more(std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()))) {
    }
    return received_;
}

bool FaultDriver::read_more(milliseconds timeout) {
    pollfd ready{output_, POLLIN, 0};
    char buffer[1024];
    if (timeout.count() <= 0 || ::poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) {
        return false;
    }
    const ssize_t count = ::read(output_, buffer, sizeof buffer);
    if (count <= 0) {
        return false;
    }
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
}

}  // namespace fermata::durability
