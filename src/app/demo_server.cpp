#include "app/demo_server.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <future>
#include <system_error>

#include <boost/json.hpp>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fermata::app {

namespace {

Error system_error(const std::string& what) {
    return {ErrorCode::kUnavailable, what + ": " + std::generic_category().message(errno)};
}

// Reads the line "ready URL" that the server prints.
Result<std::string> read_ready_line(int pipe) {
    std::string line;
    char letter = 0;
    while (::read(pipe, &letter, 1) == 1 && letter != '\n') {
        line += letter;
    }
    constexpr std::string_view kReady = "ready ";
    if (!line.starts_with(kReady)) {
        return Error(ErrorCode::kUnavailable, "the server did not start; its messages stand above");
    }
    return line.substr(kReady.size());
}

Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& options,
                    int output) {
    std::vector<std::string> words{program, "serve"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const pid_t process = ::fork();
    if (process < 0) {
        return system_error("starting " + program);
    }
    if (process == 0) {
        // Between fork and exec only what is safe in a process with several threads. However the
        // demo ends, its server does not stay behind.
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::dup2(output, STDOUT_FILENO);
        ::execvp(arguments.front(), arguments.data());
        ::_exit(127);
    }
    return process;
}

}  // namespace

Result<std::unique_ptr<DemoServer>> DemoServer::start(const std::string& program,
                                                      const std::vector<std::string>& options) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return system_error("making a pipe");
    }
    std::unique_ptr<DemoServer> server(new DemoServer());
    const Result<pid_t> process = spawn(program, options, pipe[1]);
    ::close(pipe[1]);
    Result<std::string> url =
        process ? read_ready_line(pipe[0]) : Result<std::string>(process.error());
    ::close(pipe[0]);
    if (process) {
        server->process_ = *process;
    }
    FERMATA_TRY_ASSIGN(server->url_, std::move(url));
    FERMATA_TRY_ASSIGN(server->client_, http::Client::create({}));
    return server;
}

DemoServer::~DemoServer() {
    stop();
}

void DemoServer::end(int signal) {
    if (process_ > 0) {
        ::kill(process_, signal);
        wait();
    }
}

void DemoServer::kill() {
    end(SIGKILL);
}

void DemoServer::stop() {
    end(SIGTERM);
}

void DemoServer::wait() {
    int status = 0;
    while (process_ > 0 && ::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
}

Result<boost::json::value> DemoServer::call(const std::string& method, const std::string& path,
                                            const std::string& body,
                                            const std::string& content_type) {
    http::FetchRequest request;
    request.url = url_ + path;
    request.method = method;
    request.body = body;
    if (!body.empty()) {
        request.headers.set("Content-Type", content_type);
    }
    std::promise<http::FetchResponse> promise;
    auto future = promise.get_future();
    FERMATA_TRY(client_->fetch(std::move(request), [&promise](http::FetchResponse response) {
        promise.set_value(std::move(response));
    }));
    const http::FetchResponse response = future.get();
    if (!response.is_success()) {
        return Error(
            ErrorCode::kUnavailable,
            method + " " + path + ": " + (response.status == 0 ? response.message : response.body));
    }
    boost::system::error_code problem;
    boost::json::value json =
        boost::json::parse(response.body.empty() ? "null" : response.body, problem);
    if (problem) {
        return Error(ErrorCode::kCorrupt, method + " " + path + ": no JSON: " + response.body);
    }
    return json;
}

}  // namespace fermata::app
