#include "model.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace fermata::durability {

namespace {

std::set<Number> set_of(const std::vector<Number>& list) {
    return {list.begin(), list.end()};
}

std::string ledger_problem(const SessionModel& model, const SessionSeen& seen) {
    for (const auto& [name, ledger] : model.ledgers) {
        const std::string problem = ledger.problem(seen.list(name.c_str()));
        if (!problem.empty()) {
            return std::string(name).append(": ").append(problem);
        }
    }
    return {};
}

std::string counter_problem(const SessionModel& model, const SessionSeen& seen) {
    if (seen.status() == "final") {
        return {};
    }
    const std::vector<Number> list = seen.list("seen");
    // One client sends one number after the other, and repeats one before it goes on.
    return std::is_sorted(list.begin(), list.end()) || model.ledgers.empty() || !model.in_order
               ? ""
               : "seen: not in the order in which they were sent";
}

std::string timers_problem(const SessionSeen& seen) {
    const std::vector<Number> fired = seen.list("fired");
    if (std::string repeated = repeated_problem(fired); !repeated.empty()) {
        return "fired: " + repeated;
    }
    if (seen.number("early") != 0) {
        return std::to_string(seen.number("early")) + " timers fired early";
    }
    std::set<Number> settled = set_of(fired);
    for (const Number number : seen.list("cancelled")) {
        settled.insert(number);
    }
    for (const Number number : seen.list("armed")) {
        if (settled.erase(number) == 0) {
            return "timer " + std::to_string(number) + " neither fired nor was cancelled";
        }
    }
    return settled.empty() ? "" : "a timer fired that was never armed";
}

std::string parent_problem(const SessionSeen& seen) {
    std::vector<Number> settled = seen.list("finished");
    const std::set<Number> finished = set_of(settled);
    const std::vector<Number> abandoned = seen.list("abandoned");
    settled.insert(settled.end(), abandoned.begin(), abandoned.end());
    if (std::string repeated = repeated_problem(settled); !repeated.empty()) {
        return "finished and abandoned children: " + repeated;
    }
    if (set_of(settled) != set_of(seen.list("spawned"))) {
        return "not every spawned child has finished or was abandoned";
    }
    const std::vector<Number> progress = seen.list("progress");
    if (std::string repeated = repeated_problem(progress); !repeated.empty()) {
        return "progress: " + repeated;
    }
    const std::set<Number> reported = set_of(progress);
    return std::includes(reported.begin(), reported.end(), finished.begin(), finished.end())
               ? ""
               : "a child finished without having reported progress";
}

std::string status_problem(const SessionModel& model, const SessionSeen& seen) {
    const std::string status = seen.status();
    const bool must_end = model.finish_sent && model.finish == Known::kAcknowledged;
    if (must_end && status != "final") {
        return "finish was acknowledged, but the session is " + status;
    }
    if (!model.finish_sent && status != "active") {
        return "should be active, but is " + status;
    }
    return status == "active" || status == "final" ? "" : "is " + status;
}

// Nothing may be left over once the server is quiet: that session would be stuck.
std::string leftover_problem(const SessionSeen& seen) {
    for (const char* name : {"pending", "timers", "invokes"}) {
        const auto* list = seen.view.if_contains(name);
        if (list != nullptr && list->is_array() && !list->as_array().empty()) {
            return std::string(name) + " are left: " + boost::json::serialize(*list);
        }
    }
    if (seen.status() == "active" && !seen.list("errors").empty()) {
        return "the chart got an error event";
    }
    return {};
}

}  // namespace

const char* chart_of(Kind kind) {
    constexpr const char* kNames[] = {"counter", "timers", "parent", "account"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::size_t SessionModel::numbers() const {
    std::size_t count = 0;
    for (const auto& [name, ledger] : ledgers) {
        count += ledger.size();
    }
    return count;
}

std::string SessionSeen::status() const {
    const auto* status = view.if_contains("status");
    return status == nullptr ? "without status" : std::string(status->as_string());
}

// An ended counter shows its list as donedata.
std::vector<Number> SessionSeen::list(const char* name) const {
    std::vector<Number> numbers;
    const auto* data = view.if_contains("data");
    const boost::json::value* list = nullptr;
    if (status() == "final") {
        list = view.if_contains("donedata");
    } else if (data != nullptr && data->is_object()) {
        list = data->as_object().if_contains(name);
    }
    if (list != nullptr && list->is_array()) {
        for (const auto& entry : list->as_array()) {
            numbers.push_back(entry.is_number() ? entry.to_number<Number>() : -1);
        }
    }
    return numbers;
}

Number SessionSeen::number(const char* name) const {
    const auto* data = view.if_contains("data");
    const auto* found =
        data == nullptr || !data->is_object() ? nullptr : data->as_object().if_contains(name);
    return found == nullptr || !found->is_number() ? -1 : found->to_number<Number>();
}

std::string problem_of(const SessionModel& model, const SessionSeen& seen) {
    if (seen.status_code == 404 && model.start == Known::kUnknown) {
        return {};
    }
    if (seen.status_code != 200) {
        return "the server answers " + std::to_string(seen.status_code);
    }
    if (std::string problem = status_problem(model, seen); !problem.empty()) {
        return problem;
    }
    if (std::string problem = ledger_problem(model, seen); !problem.empty()) {
        return problem;
    }
    if (std::string problem = leftover_problem(seen); !problem.empty()) {
        return problem;
    }
    switch (model.kind) {
        case Kind::kCounter:
            return counter_problem(model, seen);
        case Kind::kTimers:
            return timers_problem(seen);
        case Kind::kParent:
            return parent_problem(seen);
        case Kind::kAccount:
            return repeated_problem(seen.list("received"));
    }
    return {};
}

std::string conservation_problem(const std::vector<SessionSeen>& accounts) {
    Number total = 0;
    std::vector<Number> sent;
    std::vector<Number> received;
    for (const SessionSeen& account : accounts) {
        total += account.number("balance");
        const std::vector<Number> out = account.list("sent");
        const std::vector<Number> in = account.list("received");
        sent.insert(sent.end(), out.begin(), out.end());
        received.insert(received.end(), in.begin(), in.end());
    }
    if (std::string repeated = repeated_problem(received); !repeated.empty()) {
        return "transfer " + repeated;
    }
    if (set_of(sent) != set_of(received)) {
        return std::to_string(sent.size()) + " transfers were sent, " +
               std::to_string(received.size()) + " arrived";
    }
    return total == 0 ? "" : "the total of all accounts is " + std::to_string(total);
}

}  // namespace fermata::durability
