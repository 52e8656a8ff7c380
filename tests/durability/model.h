// Model: what the clients know about the sessions they started, and whether a session's view agrees
// with it.
//
// Threads: a session belongs to one client while load runs; the checker reads all of them when it
// does not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "ledger.h"

namespace fermata::durability {

enum class Kind : std::uint8_t { kCounter, kTimers, kParent, kAccount };

// Name of the chart of a kind; its file is charts/<name>.scxml.
const char* chart_of(Kind kind);

struct SessionModel {
    Kind kind = Kind::kCounter;
    std::string id;  // the client's own name, or the id that the server gave
    Known start = Known::kUnknown;
    // Set when a `finish` event was sent: whether the session must have ended, or may have.
    bool finish_sent = false;
    Known finish = Known::kUnknown;
    // Every request about it was answered before the next one was sent, each by "consumed". Others
    // may arrive later than what is sent after them.
    bool in_order = true;
    // By the name of the list in the chart.
    std::map<std::string, Ledger> ledgers;

    [[nodiscard]] std::size_t numbers() const;
};

// What the server shows of one session.
struct SessionSeen {
    int status_code = 0;
    boost::json::object view;  // empty unless status_code is 200

    [[nodiscard]] std::string status() const;
    [[nodiscard]] std::vector<Number> list(const char* name) const;
    [[nodiscard]] Number number(const char* name) const;
};

// What is wrong; empty when everything is as it must be once the server is quiet.
std::string problem_of(const SessionModel& model, const SessionSeen& seen);

// The accounts of one round, as seen: money is neither made nor lost, and every transfer arrived
// once.
std::string conservation_problem(const std::vector<SessionSeen>& accounts);

}  // namespace fermata::durability
