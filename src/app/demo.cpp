#include "app/demo.h"

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "app/demo_documents.h"
#include "app/demo_server.h"

namespace fermata::app {

namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr int kBackgroundOrders = 50;
constexpr milliseconds kLookPause{50};
constexpr std::chrono::seconds kWaitMax{20};

void say(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

void headline(const std::string& text) {
    say("\n== " + text);
}

std::string text_of(const json::value& value, std::string_view name) {
    const json::value* member = value.as_object().if_contains(name);
    return member == nullptr     ? ""
           : member->is_string() ? std::string(member->get_string())
                                 : json::serialize(*member);
}

// The states without the compound ones around them say enough: the last ones of the configuration.
std::string states_of(const json::value& session) {
    std::string states;
    for (const json::value& state : session.at("configuration").as_array()) {
        states += (states.empty() ? "" : " ") + std::string(state.as_string());
    }
    return states;
}

// What timers count up: they may be due while the server starts, before it can be asked.
bool counts_timers(std::string_view item) {
    return item == "reminders" || item == "announcements";
}

// What must be the same after a crash: where a session is, and what it knows, in an order of its
// own.
std::string essence(const json::value& session) {
    std::map<std::string, std::string> items;
    for (const json::key_value_pair& item : session.at("data").as_object()) {
        if (!counts_timers(item.key())) {
            items[std::string(item.key())] = json::serialize(item.value());
        }
    }
    std::string text = text_of(session, "status") + " " + states_of(session);
    for (const auto& [name, value] : items) {
        text.append(" ").append(name).append("=").append(value);
    }
    return text;
}

class Demo {
  public:
    explicit Demo(const DemoOptions& options) : options_(options) {}

    Result<void> run() {
        FERMATA_TRY(start_server(options_.port));
        FERMATA_TRY(upload());
        FERMATA_TRY(begin_work());
        FERMATA_TRY(crash());
        FERMATA_TRY(go_on());
        headline("All of it went on. Nothing acknowledged was lost.");
        if (options_.stay) {
            FERMATA_TRY(leave_something());
            invite();
            server_->wait();
        } else {
            server_->stop();
        }
        return {};
    }

  private:
    Result<void> start_server(const std::string& port) {
        std::vector<std::string> arguments = options_.options;
        arguments.push_back("--http.port=" + port);
        arguments.emplace_back("--log.level=warning");
        if (!options_.folder.empty()) {
            arguments.push_back("--persistence.folder=" + options_.folder);
        }
        FERMATA_TRY_ASSIGN(server_, DemoServer::start(options_.program, arguments));
        say("   server " + std::to_string(server_->process()) + " at " + server_->url() +
            (options_.folder.empty() ? ", sessions where its options say"
                                     : ", sessions in " + options_.folder));
        return {};
    }

    Result<void> upload() {
        headline("Two documents are uploaded: an order process and a call strategy");
        for (const auto& [name, text] :
             {std::pair<std::string, std::string_view>(document("order"), order_document()),
              {document("call"), call_document()}}) {
            FERMATA_TRY_ASSIGN(const json::value stored,
                               server_->call("PUT", "/api/v1/documents/" + name, std::string(text),
                                             "application/scxml+xml"));
            say("   document:" + name + " is version " + text_of(stored, "hash").substr(0, 12));
        }
        return {};
    }

    // Nobody else's: a store that is not the demo's own may hold documents of these names.
    static std::string document(const std::string& name) { return "demo-" + name; }
    [[nodiscard]] std::string path_of(const std::string& id) const {
        return "/api/v1/sessions/" + id + options_.mark;
    }

    Result<void> start_session(const std::string& chart, const std::string& id,
                               const std::string& params) {
        FERMATA_TRY(server_->call("POST", "/api/v1/sessions",
                                  R"({"src":"document:)" + document(chart) + R"(","id":")" + id +
                                      options_.mark + R"(","params":)" + params + "}"));
        ids_.push_back(id);
        return {};
    }

    Result<void> send(const std::string& id, const std::string& event,
                      const std::string& data = "{}") {
        FERMATA_TRY(server_->call("POST", path_of(id) + "/events",
                                  R"({"name":")" + event + R"(","data":)" + data + "}"));
        return {};
    }

    Result<json::value> look(const std::string& id) { return server_->call("GET", path_of(id)); }

    Result<void> show(const std::string& id, const std::string& after) {
        FERMATA_TRY_ASSIGN(const json::value session, look(id));
        say("   " + id + "  " + after + "  ->  " + states_of(session));
        return {};
    }

    Result<void> tell(const std::string& id, const std::string& event,
                      const std::string& data = "{}") {
        FERMATA_TRY(send(id, event, data));
        return show(id, event);
    }

    Result<void> begin_work() {
        headline("An order is placed and paid; a call comes in and waits for an agent");
        FERMATA_TRY(
            start_session("order", "order-1", R"({"order":1,"total":60,"remind_after":"4s"})"));
        FERMATA_TRY(show("order-1", "start"));
        FERMATA_TRY(tell("order-1", "pay", R"({"amount":25})"));
        FERMATA_TRY(tell("order-1", "bill"));
        FERMATA_TRY(
            start_session("call", "call-1", R"({"caller":"+1 555 0100","announce_every":"3s"})"));
        FERMATA_TRY(show("call-1", "start"));
        FERMATA_TRY(tell("call-1", "greeting.done"));
        FERMATA_TRY(tell("call-1", "digit", R"({"key":2})"));
        for (int number = 2; number <= kBackgroundOrders + 1; ++number) {
            const std::string text = std::to_string(number);
            FERMATA_TRY(start_session("order", "order-" + text,
                                      R"({"order":)" + text + R"(,"total":100})"));
            FERMATA_TRY(send("order-" + text, "pay", R"({"amount":)" + text + "}"));
        }
        say("   and " + std::to_string(kBackgroundOrders) + " more orders, each paid in part");
        return {};
    }

    Result<void> crash() {
        std::map<std::string, std::string> before;
        for (const std::string& id : ids_) {
            FERMATA_TRY_ASSIGN(const json::value session, look(id));
            before[id] = essence(session);
        }
        const std::string port = server_->url().substr(server_->url().rfind(':') + 1);
        headline("kill -9 " + std::to_string(server_->process()));
        server_->kill();
        FERMATA_TRY(start_server(port));
        std::size_t same = 0;
        for (const std::string& id : ids_) {
            FERMATA_TRY_ASSIGN(const json::value session, look(id));
            if (essence(session) == before[id]) {
                ++same;
            } else {
                say("   " + id + " differs:\n     " + before[id] + "\n     " + essence(session));
            }
        }
        say("   " + std::to_string(same) + " of " + std::to_string(ids_.size()) +
            " sessions are where they were");
        if (same != ids_.size()) {
            return Error(ErrorCode::kInternal, "sessions changed while nobody touched them");
        }
        return {};
    }

    static Result<void> say_value(const std::string& id, const std::string& item,
                                  std::int64_t value) {
        say("   " + id + "  " + item + " = " + std::to_string(value));
        return {};
    }

    // Polls until the session's data item is at least `least`.
    Result<void> wait_for(const std::string& id, const std::string& item, std::int64_t least) {
        const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
        while (std::chrono::steady_clock::now() < deadline) {
            FERMATA_TRY_ASSIGN(const json::value session, look(id));
            const json::value* value = session.at("data").as_object().if_contains(item);
            if (value != nullptr && value->is_int64() && value->get_int64() >= least) {
                return say_value(id, item, value->get_int64());
            }
            std::this_thread::sleep_for(kLookPause);
        }
        return Error(ErrorCode::kTimeout,
                     id + ": " + item + " did not come to " + std::to_string(least));
    }

    Result<void> expect_end(const std::string& id, const std::string& state) {
        FERMATA_TRY_ASSIGN(const json::value session, look(id));
        if (states_of(session).find(state) == std::string::npos ||
            text_of(session, "status") != "final") {
            return Error(ErrorCode::kInternal,
                         id + " should have ended in " + state + ", but is " + essence(session));
        }
        say("   " + id + "  ended with " + text_of(session, "donedata"));
        return {};
    }

    Result<void> go_on() {
        headline("Timers set before the crash become due after it");
        FERMATA_TRY(wait_for("call-1", "announcements", 1));
        FERMATA_TRY(wait_for("order-1", "reminders", 1));
        headline("Both go on to their ends");
        FERMATA_TRY(tell("order-1", "pay", R"({"amount":35})"));
        FERMATA_TRY(tell("order-1", "ship", R"({"parcel":"P-1"})"));
        FERMATA_TRY(send("order-1", "deliver"));
        FERMATA_TRY(expect_end("order-1", "done"));
        FERMATA_TRY(tell("call-1", "agent.found", R"({"agent":"Kim"})"));
        FERMATA_TRY(send("call-1", "hangup"));
        return expect_end("call-1", "ended");
    }

    Result<void> leave_something() {
        return start_session("call", "call-2", R"({"caller":"+1 555 0101"})");
    }

    void invite() const {
        const std::string url = server_->url();
        headline("The server stays; Ctrl-C ends it. Try:");
        say("   curl " + url + path_of("call-2"));
        say("   curl " + url + path_of("call-2") +
            R"(/events -d '{"name":"digit","data":{"key":1}}')");
        say("   curl -N " + url + "/api/v1/events");
        say("\n   interface  " + url + "/api/v1/openapi.json\n   metrics    " + url + "/metrics");
    }

    const DemoOptions options_;
    std::vector<std::string> ids_;
    std::unique_ptr<DemoServer> server_;
};

}  // namespace

Result<void> run_demo(const DemoOptions& options) {
    Demo demo(options);
    return demo.run();
}

}  // namespace fermata::app
