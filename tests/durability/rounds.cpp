#include "rounds.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

namespace fermata::durability {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Every bound of this test; far beyond what a healthy server needs.
constexpr milliseconds kReadyTimeout{180'000};
constexpr milliseconds kQuietTimeout{60'000};
constexpr milliseconds kFaultsTimeout{400'000};
// [http] shutdown-timeout of the server, and some more for a slow machine.
constexpr milliseconds kStopTimeout{20'000};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

long long ms_since(steady_clock::time_point begin) {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count();
}

}  // namespace

Rounds::Rounds(const RoundsOptions& options)
    : options_(options),
      random_(options.seed),
      server_(options.binary, options.folder, options.server_options),
      servers_(options.servers) {
    if (!options.faults.empty()) {
        faults_ = std::make_unique<FaultDriver>(options.faults);
    }
    for (std::size_t kind = 0; kind < charts_.size(); ++kind) {
        const std::string path =
            options.charts + "/" + chart_of(static_cast<Kind>(kind)) + ".scxml";
        charts_[kind] = read_file(path);
        if (charts_[kind].empty()) {
            failures_.push_back("no chart " + path);
        }
    }
    for (int number = 0; number < options.clients; ++number) {
        clients_.push_back(
            std::make_unique<Client>(number, options.seed, charts_, faults_ != nullptr));
    }
    looked_at_.resize(clients_.size());
    started_before_.resize(clients_.size());
}

std::vector<std::string> Rounds::run() {
    const auto begin = steady_clock::now();
    const auto is_time_left = [&] {
        return options_.duration.count() == 0 || steady_clock::now() - begin < options_.duration;
    };
    for (int round = 1; round <= options_.rounds && is_time_left() && failures_.empty(); ++round) {
        std::printf("round %d:", round);
        if (start_server() && check_all(false)) {
            put_load(round);
        }
        std::printf("\n");
        std::fflush(stdout);
    }
    if (failures_.empty()) {
        std::printf("last look:");
        if (start_server()) {
            check_all(true);
        }
        std::printf("\n");
    }
    if (faults_) {
        fault_report_ = faults_->finish(kFaultsTimeout);
    }
    return failures_;
}

ClientCounts Rounds::counts() const {
    ClientCounts sum;
    for (const auto& client : clients_) {
        sum.acknowledged += client->counts().acknowledged;
        sum.receipts += client->counts().receipts;
        sum.reread += client->counts().reread;
        sum.broken += client->counts().broken;
        sum.refused += client->counts().refused;
        sum.repeated += client->counts().repeated;
    }
    return sum;
}

std::size_t Rounds::session_count() const {
    std::size_t count = 0;
    for (const auto& client : clients_) {
        count += client->sessions().size();
    }
    return count;
}

bool Rounds::start_server() {
    if (!runs_server() || server_.is_running()) {
        return true;
    }
    if (random_.below(100) < 20) {
        die_while_starting();
    }
    const auto begin = steady_clock::now();
    server_.launch();
    const auto port = server_.wait_ready(kReadyTimeout);
    if (!port) {
        failures_.push_back("the server did not become ready");
        return false;
    }
    servers_ = {Address{"127.0.0.1", *port, ""}};
    std::printf(" ready in %lld ms,", ms_since(begin));
    return true;
}

// Recovery is work as any other: it may be cut off at any point, and done again.
void Rounds::die_while_starting() {
    server_.launch();
    std::this_thread::sleep_for(milliseconds(random_.below(150)));
    server_.kill();
    std::printf(" killed while starting,");
}

bool Rounds::check_all(bool everything) {
    with_all_clients([this](Client& client) { client.repeat_broken(servers_); });
    collect_failures();
    for (const auto& client : clients_) {
        for (std::string& receipt : client->take_receipts()) {
            receipts_.push_back(std::move(receipt));
        }
    }
    const auto begin = steady_clock::now();
    const CheckRequest request = check_request(everything);
    receipts_.clear();
    for (std::string& problem : check_until_right(servers_, request, kQuietTimeout)) {
        failures_.push_back(std::move(problem));
    }
    std::printf(" %zu sessions right after %lld ms,", request.sessions.size(), ms_since(begin));
    return failures_.empty();
}

// What was touched since the last look but one: what was right then must still be.
CheckRequest Rounds::check_request(bool everything) const {
    CheckRequest request;
    request.receipts = receipts_;
    for (std::size_t at = 0; at < clients_.size(); ++at) {
        const auto& sessions = clients_[at]->sessions();
        for (std::size_t index = everything ? 0 : looked_at_[at]; index < sessions.size();
             ++index) {
            if (!sessions[index]->id.empty()) {
                request.sessions.push_back(sessions[index].get());
            }
        }
    }
    const std::size_t groups = everything ? account_groups_.size() : 2;
    const std::size_t skipped = account_groups_.size() - std::min(groups, account_groups_.size());
    request.account_groups.assign(account_groups_.begin() + static_cast<std::ptrdiff_t>(skipped),
                                  account_groups_.end());
    return request;
}

void Rounds::put_load(int round) {
    for (std::size_t at = 0; at < clients_.size(); ++at) {
        looked_at_[at] = std::exchange(started_before_[at], clients_[at]->sessions().size());
    }
    with_all_clients([this](Client& client) { client.open_account(servers_); });
    std::vector<std::string> accounts;
    account_groups_.emplace_back();
    for (const auto& client : clients_) {
        if (client->account() != nullptr) {
            account_groups_.back().push_back(client->account());
            accounts.push_back(client->account()->id);
        }
    }
    std::atomic<bool> stop = false;
    // A server that starts again meanwhile has another port, which is for the next round.
    std::thread load([&, servers = servers_] {
        with_all_clients([&](Client& client) { client.put_load(servers, accounts, stop); });
    });
    std::this_thread::sleep_for(milliseconds(50 + random_.below(1500)));
    if (faults_) {
        faults_->begin(round);
        disturbed_death();
    } else {
        let_die();
    }
    stop = true;
    load.join();
    collect_failures();
    // Some timers get due while there is nobody to see it.
    std::this_thread::sleep_for(milliseconds(random_.below(300)));
}

// The server ends at some moment of the faults, and may have to start again in the middle of them.
void Rounds::disturbed_death() {
    if (options_.death != Death::kNone) {
        std::this_thread::sleep_for(milliseconds(random_.below(6000)));
        let_die();
        if (random_.below(100) < 50) {
            start_server();
        }
    }
    const std::string told = faults_->next_line(kFaultsTimeout).value_or("failed: no answer");
    std::printf(" %s,", told.c_str());
    if (told.rfind("done", 0) != 0) {
        failures_.push_back("the fault driver " + told);
    }
    if (runs_server() && !server_.is_running() && options_.death == Death::kNone) {
        failures_.push_back("the server ended by itself");
    }
    // Whoever waited must be served again.
    std::this_thread::sleep_for(milliseconds(200 + random_.below(800)));
}

void Rounds::let_die() {
    if (!server_.is_running()) {
        failures_.push_back("the server ended by itself");
        return;
    }
    if (options_.death == Death::kKill) {
        server_.kill();
        std::printf(" killed");
        return;
    }
    const auto begin = steady_clock::now();
    const auto status = server_.terminate(kStopTimeout);
    if (!status || *status != 0) {
        failures_.push_back("SIGTERM: " + (status ? "exit status " + std::to_string(*status)
                                                  : std::string("the server did not end")));
    }
    std::printf(" terminated in %lld ms", ms_since(begin));
}

void Rounds::collect_failures() {
    for (const auto& client : clients_) {
        for (const std::string& failure : client->failures()) {
            failures_.push_back(failure);
        }
    }
}

template <typename Act>
void Rounds::with_all_clients(Act act) {
    std::vector<std::thread> threads;
    threads.reserve(clients_.size());
    for (const auto& client : clients_) {
        threads.emplace_back([&act, &client] { act(*client); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

}  // namespace fermata::durability
