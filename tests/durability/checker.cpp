#include "checker.h"

#include <atomic>
#include <thread>
#include <utility>

#include "http_connection.h"

namespace fermata::durability {

namespace {

constexpr std::size_t kConnections = 8;
constexpr std::chrono::milliseconds kPause{50};
constexpr int kOk = 200;

SessionSeen look_at(HttpConnection& connection, const SessionModel& session) {
    SessionSeen seen;
    const auto answer = connection.get("/api/v1/sessions/" + session.id);
    if (answer) {
        seen.status_code = answer->status;
    }
    if (seen.status_code == kOk) {
        boost::system::error_code error;
        const boost::json::value view = boost::json::parse(answer->body, error);
        seen.view = view.is_object() ? view.as_object() : boost::json::object();
    }
    return seen;
}

// All of them, in the same order.
std::vector<SessionSeen> look_at_all(const std::vector<Address>& servers,
                                     const std::vector<const SessionModel*>& sessions) {
    std::vector<SessionSeen> seen(sessions.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < kConnections; ++number) {
        threads.emplace_back([&, number] {
            HttpConnection connection(servers[number % servers.size()]);
            for (std::size_t at = next++; at < sessions.size(); at = next++) {
                seen[at] = look_at(connection, *sessions[at]);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return seen;
}

std::string described(const SessionModel& session, const std::string& problem,
                      const SessionSeen& seen) {
    return std::string(chart_of(session.kind)) + " " + session.id + ": " + problem + "\n    " +
           boost::json::serialize(seen.view).substr(0, 2000);
}

// Keeps those that are not right yet; says what is wrong with them.
std::vector<std::string> check_sessions(const std::vector<Address>& servers,
                                        std::vector<const SessionModel*>& sessions) {
    const std::vector<SessionSeen> seen = look_at_all(servers, sessions);
    std::vector<const SessionModel*> wrong;
    std::vector<std::string> problems;
    for (std::size_t at = 0; at < sessions.size(); ++at) {
        const std::string problem = problem_of(*sessions[at], seen[at]);
        if (!problem.empty()) {
            wrong.push_back(sessions[at]);
            problems.push_back(described(*sessions[at], problem, seen[at]));
        }
    }
    sessions = std::move(wrong);
    return problems;
}

std::vector<std::string> check_groups(const std::vector<Address>& servers,
                                      std::vector<std::vector<const SessionModel*>>& groups) {
    std::vector<std::vector<const SessionModel*>> wrong;
    std::vector<std::string> problems;
    for (const auto& group : groups) {
        const std::string problem = conservation_problem(look_at_all(servers, group));
        if (!problem.empty()) {
            wrong.push_back(group);
            problems.push_back("accounts of one round: " + problem);
        }
    }
    groups = std::move(wrong);
    return problems;
}

// What is wrong with the list that the query asks for: it must be empty.
std::string list_problem(HttpConnection& connection, const std::string& query) {
    std::string cursor;
    do {  // a page may be empty and not the last one
        const auto answer = connection.get("/api/v1/sessions?limit=1&" + query +
                                           (cursor.empty() ? "" : "&cursor=" + cursor));
        boost::system::error_code error;
        const boost::json::value body = boost::json::parse(answer ? answer->body : "", error);
        const auto* const page = body.if_object();
        const auto* const sessions = page == nullptr ? nullptr : page->if_contains("sessions");
        if (sessions == nullptr || !sessions->is_array() || !sessions->as_array().empty()) {
            return "sessions with " + query + ": " + (answer ? answer->body : "no answer");
        }
        const auto* const next = page->if_contains("next");
        cursor = next == nullptr ? "" : std::string(next->as_string());
    } while (!cursor.empty());
    return {};
}

// No session may be left over whose existence nobody knows of, and none may have failed.
std::vector<std::string> check_lists(const Address& server) {
    std::vector<std::string> problems;
    HttpConnection connection(server);
    for (const std::string query : {"state=active&application=child", "state=error"}) {
        if (std::string problem = list_problem(connection, query); !problem.empty()) {
            problems.push_back(std::move(problem));
        }
    }
    return problems;
}

// Keeps those that do not say "taken".
std::vector<std::string> check_receipts(const Address& server, std::vector<std::string>& receipts) {
    std::vector<std::string> left;
    std::vector<std::string> problems;
    HttpConnection connection(server);
    for (const std::string& receipt : receipts) {
        const auto answer = connection.get("/api/v1/receipts/" + receipt);
        if (!answer || answer->body.find("\"taken\"") == std::string::npos) {
            left.push_back(receipt);
            problems.push_back("receipt " + receipt + ": " + (answer ? answer->body : "no answer"));
        }
    }
    receipts = std::move(left);
    return problems;
}

}  // namespace

std::vector<std::string> check_until_right(const std::vector<Address>& servers,
                                           const CheckRequest& request,
                                           std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    CheckRequest left = request;
    while (true) {
        std::vector<std::string> problems = check_sessions(servers, left.sessions);
        for (std::string& more : check_groups(servers, left.account_groups)) {
            problems.push_back(std::move(more));
        }
        for (std::string& more : check_receipts(servers.front(), left.receipts)) {
            problems.push_back(std::move(more));
        }
        for (const Address& server : servers) {
            if (problems.empty()) {  // lists cost most
                problems = check_lists(server);
            }
        }
        if (problems.empty() || std::chrono::steady_clock::now() >= deadline) {
            return problems;
        }
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace fermata::durability
