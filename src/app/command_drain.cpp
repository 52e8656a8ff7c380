// fermata drain: empties a running server before it is stopped or upgraded.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/amount.h"
#include "app/command_line.h"
#include "http/client.h"

namespace fermata::app {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{100};
constexpr std::chrono::seconds kCallTimeout{10};

struct Arguments {
    std::string url = "http://127.0.0.1:8077";
    std::string token_file;
    std::string ca_file;
    std::string wait = "60s";
};

// What GET /api/v1/cluster tells of the server that is asked.
struct Progress {
    bool drained = false;
    std::int64_t partitions = 0;  // that it still owns
};

Result<std::string> read_token(const std::string& path) {
    std::ifstream file(path);
    std::string token;
    if (!std::getline(file, token)) {
        return Error(ErrorCode::kInvalidArgument,
                     "--token-file: no token can be read from " + path);
    }
    // A line of a tokens-file will do: what follows the token is its role and name.
    return token.substr(0, token.find_first_of(" \t\r"));
}

// One server, asked call by call.
class Peer {
  public:
    static Result<Peer> create(const Arguments& arguments) {
        http::ClientOptions options;
        options.tls_ca_file = arguments.ca_file;
        Peer peer;
        peer.url_ = arguments.url;
        while (peer.url_.ends_with('/')) {
            peer.url_.pop_back();
        }
        if (!arguments.token_file.empty()) {
            FERMATA_TRY_ASSIGN(peer.token_, read_token(arguments.token_file));
        }
        FERMATA_TRY_ASSIGN(peer.client_, http::Client::create(options));
        return peer;
    }

    Result<std::string> call(const std::string& method, const std::string& path) {
        http::FetchRequest request;
        request.url = url_ + path;
        request.method = method;
        request.timeout = kCallTimeout;
        if (!token_.empty()) {
            request.headers.set("Authorization", "Bearer " + token_);
        }
        auto promise = std::make_shared<std::promise<http::FetchResponse>>();
        auto future = promise->get_future();
        FERMATA_TRY(client_->fetch(std::move(request), [promise](http::FetchResponse response) {
            promise->set_value(std::move(response));
        }));
        const http::FetchResponse response = future.get();
        if (!response.is_success()) {
            return Error(
                ErrorCode::kUnavailable,
                method + " " + url_ + path + ": " +
                    (response.status == 0 ? response.message
                                          : std::to_string(response.status) + " " + response.body));
        }
        return response.body;
    }

  private:
    Peer() = default;

    std::string url_;
    std::string token_;
    std::unique_ptr<http::Client> client_;
};

Result<Progress> read_progress(const std::string& text) {
    try {
        const boost::json::object view = boost::json::parse(text).as_object();
        Progress progress;
        progress.drained = view.at("drained").as_bool();
        for (const boost::json::value& instance : view.at("instances").as_array()) {
            if (instance.at("self").as_bool()) {
                progress.partitions = instance.at("partitions").to_number<std::int64_t>();
            }
        }
        return progress;
    } catch (const std::exception& problem) {
        return Error(ErrorCode::kCorrupt,
                     std::string("the answer is not that of a Fermata server: ") + problem.what());
    }
}

// Until nothing is left there.
Result<void> drain(const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const std::chrono::milliseconds wait, parse_duration(arguments.wait));
    FERMATA_TRY_ASSIGN(Peer peer, Peer::create(arguments));
    FERMATA_TRY(peer.call("POST", "/api/v1/cluster/drain"));
    const auto deadline = SteadyClock::now() + wait;
    while (true) {
        FERMATA_TRY_ASSIGN(const std::string text, peer.call("GET", "/api/v1/cluster"));
        FERMATA_TRY_ASSIGN(const Progress progress, read_progress(text));
        if (progress.drained) {
            return {};
        }
        if (SteadyClock::now() >= deadline) {
            return Error(ErrorCode::kTimeout, std::to_string(progress.partitions) +
                                                  " partitions are left after " + arguments.wait +
                                                  "; the server goes on handing them over");
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

void run(CommandLine& line, const Arguments& arguments) {
    if (const auto done = drain(arguments); !done) {
        std::fprintf(stderr, "fermata: %s\n", done.error().message().c_str());
        line.exit_code = done.error().code() == ErrorCode::kTimeout ? kExitTimeout : kExitFailed;
        return;
    }
    std::puts("drained: it owns no partition any more and may be stopped");
}

}  // namespace

void add_drain(CLI::App& root, CommandLine& line) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        root.add_subcommand("drain", "let a running server hand its sessions to other nodes");
    command->add_option("--url", arguments->url, "base URL of the server")->capture_default_str();
    command->add_option("--token-file", arguments->token_file,
                        "file whose first line begins with a token of the role admin");
    command->add_option("--ca-file", arguments->ca_file,
                        "PEM file with the authority of an https URL; default: the system's");
    command->add_option("--wait", arguments->wait, "how long it may take")->capture_default_str();
    command->footer(
        "\nThe server goes on running and passes requests on, until it is stopped. Exit code 0: "
        "nothing is left\nthere; 3: it takes longer than --wait; 1: anything else.\n\n"
        "Example:\n  fermata drain --url http://node1:8077 --token-file /etc/fermata/admin-token");
    command->callback([&line, arguments] { run(line, *arguments); });
}

}  // namespace fermata::app
