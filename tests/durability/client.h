// Client: one of the concurrent clients that put load on the server: starts sessions, sends events,
// and keeps the model of what it knows. When the server dies, the request under way is unknown;
// some of those are repeated later with the same Idempotency-Key and must then have happened
// exactly once. With several servers every request goes to any of them, and what was acknowledged
// by one must be seen through each other at once.
//
// Threads: one at a time, a different one for each phase of a round.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "http_connection.h"
#include "model.h"

namespace fermata::durability {

// Texts of the charts, by Kind.
using Charts = std::array<std::string, 4>;

struct ClientCounts {
    std::uint64_t acknowledged = 0;
    std::uint64_t receipts = 0;  // of those: taken for whoever serves the session next
    std::uint64_t reread = 0;    // looked at again at once
    std::uint64_t broken = 0;    // requests without an answer
    std::uint64_t refused = 0;   // 429, 503 and 504
    std::uint64_t repeated = 0;  // with their Idempotency-Key
};

class Client {
  public:
    // `perseveres`: a refused request (429, 503, 504) is no sign that the server is going; goes on
    // after a pause, and repeats the request if it has a key.
    Client(int number, std::uint64_t seed, const Charts& charts, bool perseveres);

    // Starts the account that this client sends from in the coming round.
    void open_account(const std::vector<Address>& servers);
    // Until the only server is gone (or refuses) or `stop` is set. `accounts` are the ids of all
    // accounts of the round.
    void put_load(const std::vector<Address>& servers, const std::vector<std::string>& accounts,
                  const std::atomic<bool>& stop);
    // Repeats the request that broke off, when it may be repeated.
    void repeat_broken(const std::vector<Address>& servers);
    // Since the last call.
    std::vector<std::string> take_receipts() { return std::exchange(receipts_, {}); }

    // Null when it could not be started.
    [[nodiscard]] const SessionModel* account() const { return account_; }
    [[nodiscard]] const std::vector<std::unique_ptr<SessionModel>>& sessions() const {
        return all_;
    }
    [[nodiscard]] const ClientCounts& counts() const { return counts_; }
    // Answers that must never come.
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  private:
    struct Call {
        std::string path;
        std::string json;
        std::string key;  // Idempotency-Key; may be empty
        std::function<void(const Answer&)> acknowledged;
        SessionModel* session = nullptr;  // that gets the event
        // Once it is acknowledged, the number is in this list, unless it is empty.
        std::string list;
        Number number = 0;
    };
    // One connection to each server.
    using Connections = std::vector<std::unique_ptr<HttpConnection>>;
    enum class Outcome : std::uint8_t { kAcknowledged, kRefused, kBroken };

    static Connections connections_to(const std::vector<Address>& servers);
    HttpConnection& any_of(Connections& connections);
    Outcome perform(Connections& connections, Call call);
    Outcome note_broken(const HttpConnection& connection, Call call);
    Outcome note_refused(const Answer& answer, Call call);
    void check_repetition(HttpConnection& connection, const Call& call, const Answer& first);
    void check_visible(HttpConnection& connection, const Call& call, const Answer& first);
    Outcome act(Connections& connections, const std::vector<std::string>& accounts);
    Call start_call(Kind kind);
    Call event_call(SessionModel& session);
    Call numbered_call(SessionModel& session, const std::string& event, const std::string& list,
                       const std::string& more);
    Call plain_call(SessionModel& session, const std::string& event);
    Call transfer_call(const std::vector<std::string>& accounts);
    void close_full_sessions();
    bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
    std::string fresh_key();

    const int number_;
    const std::uint64_t seed_;
    const Charts& charts_;
    const bool perseveres_;
    Random random_;
    std::uint64_t names_ = 0;
    Number next_number_;
    std::vector<std::unique_ptr<SessionModel>> all_;
    std::vector<SessionModel*> open_;  // those that get more events
    SessionModel* account_ = nullptr;
    std::optional<Call> unsettled_;
    ClientCounts counts_;
    std::vector<std::string> receipts_;
    std::vector<std::string> failures_;
};

}  // namespace fermata::durability
