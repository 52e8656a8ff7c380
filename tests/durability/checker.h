// Checker: compares what the server shows with the model, once the server is quiet.
//
// Threads: one owner at a time; it reads with several connections at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "http_connection.h"
#include "model.h"

namespace fermata::durability {

// The accounts of one round and the other sessions to look at. The models are not owned.
struct CheckRequest {
    std::vector<const SessionModel*> sessions;
    std::vector<std::vector<const SessionModel*>> account_groups;
    // Of events that were taken while nobody served the session.
    std::vector<std::string> receipts;
};

// Timers, children and sends may be under way for a while: looks again at what is not right yet
// until everything is or the time is over. What is wrong then.
// Sessions are looked at through all of the servers, each through another one every time.
std::vector<std::string> check_until_right(const std::vector<Address>& servers,
                                           const CheckRequest& request,
                                           std::chrono::milliseconds timeout);

}  // namespace fermata::durability
