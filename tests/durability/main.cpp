// fermata_durability: kills a real server under load, again and again, and compares what comes back
// with a model of what was acknowledged. `fermata_durability --help` for the options; the README
// beside this file says what is checked.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rounds.h"

namespace fermata::durability {
namespace {

constexpr std::string_view kUsage =
    "usage: fermata_durability --binary FERMATA --charts FOLDER [--rounds N] [--clients N] [--seed "
    "N]\n"
    "                          [--death kill|terminate|none] [--folder FOLDER]\n"
    "                          [--server-option SECTION.NAME=VALUE]... [--faults COMMAND]\n"
    "       fermata_durability --servers HOST:PORT[,HOST:PORT]... --faults COMMAND [--token "
    "TOKEN]\n"
    "                          [--seconds N] --charts FOLDER [--rounds N] [--clients N] [--seed "
    "N]\n"
    "\n"
    "  --seed    repeats the choices of an earlier run; its timing is the machine's\n"
    "  --folder  of the server's data and log, kept; default: a temporary one, kept when something "
    "failed\n"
    "  --server-option  where sessions live; default: the embedded store in the folder\n"
    "  --faults         a program that disturbs what the server stands on; fault_driver.h says how "
    "it is\n"
    "                   spoken to\n"
    "  --servers  run by somebody else (the program of --faults), all for the same sessions\n"
    "  --seconds  no round begins after it\n";

constexpr std::size_t kFailuresShown = 20;

// HOST:PORT,HOST:PORT; an address without a port gets port 0, which nobody listens on.
std::vector<Address> addresses(const std::string& text) {
    std::vector<Address> found;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string one = text.substr(begin, end - begin);
        const std::size_t colon = std::min(one.rfind(':'), one.size());
        const int port = std::atoi(one.substr(std::min(colon + 1, one.size())).c_str());
        found.push_back({one.substr(0, colon), static_cast<std::uint16_t>(port), ""});
        begin = end + 1;
    }
    return found;
}

bool read_option(RoundsOptions& options, std::string& token, std::string_view name,
                 const std::string& text) {
    if (name == "--binary") {
        options.binary = text;
    } else if (name == "--charts") {
        options.charts = text;
    } else if (name == "--folder") {
        options.folder = text;
    } else if (name == "--rounds") {
        options.rounds = std::atoi(text.c_str());
    } else if (name == "--clients") {
        options.clients = std::atoi(text.c_str());
    } else if (name == "--seed") {
        options.seed = std::strtoull(text.c_str(), nullptr, 10);
    } else if (name == "--server-option") {
        options.server_options.push_back(text);
    } else if (name == "--servers") {
        options.servers = addresses(text);
    } else if (name == "--token") {
        token = text;
    } else if (name == "--seconds") {
        options.duration = std::chrono::seconds(std::atoi(text.c_str()));
    } else if (name == "--faults") {
        options.faults = text;
    } else if (name == "--death" && (text == "kill" || text == "terminate" || text == "none")) {
        options.death = text == "kill"   ? Death::kKill
                        : text == "none" ? Death::kNone
                                         : Death::kTerminate;
    } else {
        return false;
    }
    return true;
}

std::string temporary_folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "fermata-durability-XXXXXX").string();
    return ::mkdtemp(name.data()) == nullptr ? "" : name;
}

int report(const Rounds& rounds, const std::vector<std::string>& failures) {
    const ClientCounts counts = rounds.counts();
    std::printf(
        "%zu sessions, %llu requests acknowledged (%llu by a receipt, %llu looked at at once), "
        "%llu without an answer, %llu refused, %llu repeated\n",
        rounds.session_count(), static_cast<unsigned long long>(counts.acknowledged),
        static_cast<unsigned long long>(counts.receipts),
        static_cast<unsigned long long>(counts.reread),
        static_cast<unsigned long long>(counts.broken),
        static_cast<unsigned long long>(counts.refused),
        static_cast<unsigned long long>(counts.repeated));
    std::fputs(rounds.fault_report().c_str(), stdout);
    for (std::size_t at = 0; at < failures.size() && at < kFailuresShown; ++at) {
        std::printf("FAILED: %s\n", failures[at].c_str());
    }
    if (failures.empty()) {
        std::printf("passed\n");
        return 0;
    }
    std::printf("%zu failures; the end of the server's log:\n%s\n", failures.size(),
                rounds.server_log().c_str());
    return 1;
}

int run(int count, char** arguments) {
    RoundsOptions options;
    options.seed = std::random_device{}();
    std::string token;
    for (int at = 1; at < count; at += 2) {
        if (at + 1 >= count || !read_option(options, token, arguments[at], arguments[at + 1])) {
            std::fputs(std::string(kUsage).c_str(), stderr);
            return 2;
        }
    }
    const bool needs_faults = !options.servers.empty();
    if (options.binary.empty() != needs_faults || options.charts.empty() ||
        (needs_faults && options.faults.empty())) {
        std::fputs(std::string(kUsage).c_str(), stderr);
        return 2;
    }
    if (needs_faults) {
        options.death = Death::kNone;
    }
    for (Address& server : options.servers) {
        server.token = token;
    }
    const bool temporary = options.folder.empty();
    if (temporary) {
        options.folder = temporary_folder();
    }
    std::filesystem::create_directories(options.folder);
    std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
    Rounds rounds(options);
    const std::vector<std::string> failures = rounds.run();
    const int status = report(rounds, failures);
    if (temporary && status == 0) {
        std::filesystem::remove_all(options.folder);
    } else {
        std::printf("data and log: %s\n", options.folder.c_str());
    }
    return status;
}

}  // namespace
}  // namespace fermata::durability

int main(int count, char** arguments) {
    return fermata::durability::run(count, arguments);
}
