// Status: how the client and the primaries it knows are doing, at one moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redis/address.h"
#include "redis/slot.h"

namespace fermata::redis {

enum class PrimaryState {
    kConnecting,  // no connection yet, or lost
    kReady,
    kFull,      // its maxmemory is reached; what may take from a reserve, or frees memory, runs
    kOverfull,  // the reserve is used up, too; what frees memory runs
    kTroubled,  // connected, but it refuses commands, or lets one wait for long
    kDenied,    // login or rights are refused
};
std::string_view to_string(PrimaryState state);

struct PrimaryStatus {
    Address address;
    PrimaryState state = PrimaryState::kConnecting;
    std::string server_version;                      // "7.0.15"; empty before the first contact
    std::size_t slots = 0;                           // it serves, and that are not torn
    std::vector<std::pair<Slot, Slot>> slot_ranges;  // the same, as first and last ones
    unsigned replicas = 0;                           // connected to it, as it says itself
    bool degraded = false;                           // writes are answered without replicas
    std::size_t requests_waiting = 0;                // accepted and not answered
    std::size_t bytes_waiting = 0;
    std::chrono::milliseconds oldest_unanswered{0};  // since it was accepted
    // Why it is not ready, with the option or ACL rule to mend where that is the reason; kept while
    // it lasts.
    std::string last_error;
};

// Since the client was opened.
struct Counters {
    std::uint64_t requests = 0;
    std::uint64_t answers = 0;
    std::uint64_t batches = 0;           // of writes
    std::uint64_t batched_requests = 0;  // in them
    std::uint64_t retries = 0;           // requests sent once more
    std::uint64_t connects = 0;
    std::uint64_t connection_losses = 0;
    std::uint64_t refreshes = 0;          // topology answers taken
    std::uint64_t primary_changes = 0;    // ranges told to on_primary_changed
    std::uint64_t degraded_requests = 0;  // writes answered with too few replicas
};

struct Status {
    bool is_known = false;    // a topology has been read
    bool is_cluster = false;  // false with is_known: a stand-alone server
    // Slots without a primary that is ready, or torn. 0: everything can be served.
    std::size_t slots_missing = kSlotCount;
    std::size_t requests_waiting = 0;
    std::size_t bytes_waiting = 0;
    std::chrono::milliseconds oldest_unanswered{0};
    std::string last_error;  // why there is no topology, or the first primary's that is not ready
    bool is_denied = false;  // that reason is a login or right that is refused
    std::vector<PrimaryStatus> primaries;
    Counters counters;

    [[nodiscard]] bool is_ready() const { return is_known && slots_missing == 0; }
    [[nodiscard]] bool is_partly_ready() const { return is_known && slots_missing < kSlotCount; }
};

}  // namespace fermata::redis
