// Rounds: load, death of the server, restart, comparison; again and again on one folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "checker.h"
#include "client.h"
#include "server_process.h"

namespace fermata::durability {

enum class Death : std::uint8_t { kKill, kTerminate };

struct RoundsOptions {
    std::string binary;
    std::string charts;  // folder
    std::string folder;  // of the server's data and log
    int rounds = 5;
    int clients = 64;
    std::uint64_t seed = 1;
    Death death = Death::kKill;
};

// Threads: one owner.
class Rounds {
  public:
    explicit Rounds(const RoundsOptions& options);

    // All rounds and a last look at everything; what went wrong.
    std::vector<std::string> run();
    [[nodiscard]] ClientCounts counts() const;
    [[nodiscard]] std::size_t session_count() const;
    [[nodiscard]] std::string server_log() const { return server_.log_tail(); }

  private:
    bool start_server();
    void die_while_starting();
    bool check_all(bool everything);
    void put_load();
    void let_die();
    void collect_failures();
    [[nodiscard]] CheckRequest check_request(bool everything) const;
    template <typename Act>
    void with_all_clients(Act act);

    const RoundsOptions options_;
    Charts charts_;
    Random random_;
    ServerProcess server_;
    std::uint16_t port_ = 0;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::vector<const SessionModel*>> account_groups_;
    // Sessions of each client that were there before the round before.
    std::vector<std::size_t> looked_at_;
    std::vector<std::size_t> started_before_;
    std::vector<std::string> failures_;
};

}  // namespace fermata::durability
