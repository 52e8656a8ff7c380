// Rounds: load, death of the server or faults around it, restart, comparison; again and again on
// one folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "checker.h"
#include "client.h"
#include "fault_driver.h"
#include "server_process.h"

namespace fermata::durability {

// How the server ends in each round. kNone: it lives on, while something else is disturbed.
enum class Death : std::uint8_t { kKill, kTerminate, kNone };

struct RoundsOptions {
    std::string binary;
    std::string charts;  // folder
    std::string folder;  // of the server's data and log
    int rounds = 5;
    int clients = 64;
    std::uint64_t seed = 1;
    Death death = Death::kKill;
    std::vector<std::string> server_options;  // as ServerProcess takes them
    std::string faults;                       // command of a FaultDriver; empty: none
    // Servers that somebody else runs: none is started or killed here, and `death` is kNone.
    std::vector<Address> servers;
    // No round begins after it; 0: as many as `rounds` says.
    std::chrono::seconds duration{0};
};

// Threads: one owner.
class Rounds {
  public:
    explicit Rounds(const RoundsOptions& options);

    // All rounds and a last look at everything; what went wrong.
    std::vector<std::string> run();
    [[nodiscard]] ClientCounts counts() const;
    [[nodiscard]] std::size_t session_count() const;
    // What the fault driver said in the end.
    [[nodiscard]] const std::string& fault_report() const { return fault_report_; }
    [[nodiscard]] std::string server_log() const { return server_.log_tail(); }

  private:
    [[nodiscard]] bool runs_server() const { return options_.servers.empty(); }
    bool start_server();
    void die_while_starting();
    bool check_all(bool everything);
    void put_load(int round);
    void let_die();
    void disturbed_death();
    void collect_failures();
    [[nodiscard]] CheckRequest check_request(bool everything) const;
    template <typename Act>
    void with_all_clients(Act act);

    const RoundsOptions options_;
    Charts charts_;
    Random random_;
    ServerProcess server_;
    std::unique_ptr<FaultDriver> faults_;
    std::string fault_report_;
    std::vector<Address> servers_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::vector<const SessionModel*>> account_groups_;
    // Sessions of each client that were there before the round before.
    std::vector<std::size_t> looked_at_;
    std::vector<std::size_t> started_before_;
    std::vector<std::string> receipts_;  // that were not looked at yet
    std::vector<std::string> failures_;
};

}  // namespace fermata::durability
