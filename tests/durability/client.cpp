#include "client.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace fermata::durability {

namespace {

// Of one client; with 64 clients a few hundred sessions get events at a time.
constexpr std::size_t kOpenSessions = 6;
// Numbers one session gets before it is left alone: small records, and many starts.
constexpr std::size_t kNumbersOfSession = 40;
constexpr Number kNumbersOfClient = 1'000'000;
constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr int kAccepted = 202;  // for whoever serves the session next
constexpr int kNotFound = 404;
constexpr std::chrono::milliseconds kPauseWhenRefused{50};

std::string quoted(std::string_view text) {
    return boost::json::serialize(boost::json::string(text));
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string member_of(const Answer& answer, const char* name) {
    const boost::json::value body = boost::json::parse(answer.body);
    return std::string(body.as_object().at(name).as_string());
}

// Not now: what was asked for may have happened or not.
bool refuses(const Answer& answer) {
    return answer.status == 429 || answer.status == 503 || answer.status == 504;
}

}  // namespace

Client::Client(int number, std::uint64_t seed, const Charts& charts, bool perseveres)
    : number_(number),
      seed_(seed),
      charts_(charts),
      perseveres_(perseveres),
      random_(seed * 1000 + static_cast<std::uint64_t>(number)),
      next_number_(number * kNumbersOfClient + 1) {}

Client::Connections Client::connections_to(const std::vector<Address>& servers) {
    Connections connections;
    for (const Address& server : servers) {
        connections.push_back(std::make_unique<HttpConnection>(server));
    }
    return connections;
}

HttpConnection& Client::any_of(Connections& connections) {
    return *connections[random_.below(connections.size())];
}

void Client::open_account(const std::vector<Address>& servers) {
    Connections connections = connections_to(servers);
    account_ = nullptr;
    Call call = start_call(Kind::kAccount);
    SessionModel* const account = all_.back().get();
    if (perform(connections, std::move(call)) == Outcome::kAcknowledged) {
        account_ = account;
    }
}

void Client::put_load(const std::vector<Address>& servers, const std::vector<std::string>& accounts,
                      const std::atomic<bool>& stop) {
    Connections connections = connections_to(servers);
    const bool is_alone = servers.size() == 1;
    while (!stop) {
        const Outcome outcome = act(connections, accounts);
        if ((outcome == Outcome::kBroken && is_alone) ||
            (outcome == Outcome::kRefused && !perseveres_)) {
            return;
        }
        if (outcome != Outcome::kAcknowledged) {
            std::this_thread::sleep_for(kPauseWhenRefused);
        }
        close_full_sessions();
    }
}

void Client::repeat_broken(const std::vector<Address>& servers) {
    if (unsettled_) {
        Connections connections = connections_to(servers);
        ++counts_.repeated;
        perform(connections, *std::exchange(unsettled_, std::nullopt));
    }
}

Client::Outcome Client::act(Connections& connections, const std::vector<std::string>& accounts) {
    if (unsettled_) {
        ++counts_.repeated;
        return perform(connections, *std::exchange(unsettled_, std::nullopt));
    }
    if (account_ != nullptr && chance(25)) {
        return perform(connections, transfer_call(accounts));
    }
    if (open_.empty() || (open_.size() < kOpenSessions && chance(30))) {
        constexpr Kind kKinds[] = {Kind::kCounter, Kind::kTimers, Kind::kParent};
        return perform(connections, start_call(kKinds[random_.below(3)]));
    }
    return perform(connections, event_call(*open_[random_.below(open_.size())]));
}

Client::Outcome Client::perform(Connections& connections, Call call) {
    HttpConnection& connection = any_of(connections);
    // Also a single server may lose its lease while its store is away, and take events for later.
    const bool is_alone = connections.size() == 1 && !perseveres_;
    const std::optional<Answer> answer = connection.post(call.path, call.json, call.key);
    if (call.session != nullptr && !is_alone && (!answer || answer->status != kOk)) {
        call.session->in_order = false;
    }
    if (!answer) {
        return note_broken(connection, std::move(call));
    }
    const bool is_taken = answer->status == kAccepted && call.session != nullptr && !is_alone;
    if (answer->status != kOk && answer->status != kCreated && !is_taken) {
        return note_refused(*answer, std::move(call));
    }
    ++counts_.acknowledged;
    call.acknowledged(*answer);
    if (is_taken) {
        ++counts_.receipts;
        receipts_.push_back(member_of(*answer, "receipt"));
    } else if (!call.key.empty() && chance(5)) {
        check_repetition(any_of(connections), call, *answer);
    } else if (!call.list.empty() && !is_alone && chance(20)) {
        check_visible(any_of(connections), call, *answer);
    }
    return Outcome::kAcknowledged;
}

Client::Outcome Client::note_broken(const HttpConnection& connection, Call call) {
    ++counts_.broken;
    if (connection.timed_out()) {
        failures_.push_back(call.path + " " + call.json + ": no answer");
    }
    if (!call.key.empty() && chance(70)) {
        unsettled_ = std::move(call);
    }
    return Outcome::kBroken;
}

Client::Outcome Client::note_refused(const Answer& answer, Call call) {
    ++counts_.refused;
    if (!refuses(answer)) {
        failures_.push_back(call.path + " " + call.json.substr(0, 200) + ": " +
                            std::to_string(answer.status) + " " + answer.body);
    } else if (perseveres_ && !call.key.empty() && chance(70)) {
        unsettled_ = std::move(call);
    }
    return Outcome::kRefused;
}

void Client::check_repetition(HttpConnection& connection, const Call& call, const Answer& first) {
    const std::optional<Answer> second = connection.post(call.path, call.json, call.key);
    ++counts_.repeated;
    const bool going = !second || refuses(*second);
    // Taken for the next owner, who knows that it happened already.
    const bool is_taken = second && second->status == kAccepted && call.session != nullptr;
    if (is_taken) {
        ++counts_.receipts;
        receipts_.push_back(member_of(*second, "receipt"));
    } else if (!going && (second->status != first.status || second->body != first.body)) {
        failures_.push_back(call.path + ": the first answer was " + first.body +
                            ", that to its repetition " + second->body);
    }
}

// Whoever answers for a session knows all that was acknowledged, by whatever server: otherwise two
// would answer for it.
void Client::check_visible(HttpConnection& connection, const Call& call, const Answer& first) {
    const std::optional<Answer> view = connection.get("/api/v1/sessions/" + call.session->id);
    if (!view || refuses(*view)) {
        return;
    }
    ++counts_.reread;
    SessionSeen seen;
    seen.status_code = view->status;
    if (view->status == kOk) {
        seen.view = boost::json::parse(view->body).as_object();
    }
    const std::vector<Number> list = seen.list(call.list.c_str());
    if (view->status == kNotFound ||
        std::find(list.begin(), list.end(), call.number) == list.end()) {
        failures_.push_back(call.path + " " + call.json + ": answered " + first.body +
                            ", and then the session was read as " + std::to_string(view->status) +
                            " " + view->body.substr(0, 1500));
    }
}

Client::Call Client::start_call(Kind kind) {
    all_.push_back(std::make_unique<SessionModel>());
    SessionModel* const session = all_.back().get();
    session->kind = kind;
    std::string json = "{\"document\":" + quoted(charts_[static_cast<std::size_t>(kind)]);
    if (chance(50)) {
        session->id = "s" + std::to_string(seed_) + "-" + std::to_string(number_) + "-" +
                      std::to_string(++names_);
        json += ",\"id\":" + quoted(session->id);
    }
    const bool scheduled = kind == Kind::kCounter && chance(15);
    if (scheduled) {
        const auto wait = static_cast<std::int64_t>(random_.below(400));
        json += ",\"start_at\":" + std::to_string(now_ms() + wait);
    }
    const auto acknowledged = [this, session, scheduled](const Answer& answer) {
        session->start = Known::kAcknowledged;
        // Transfers name accounts by the id that the server gives.
        if (session->id.empty() || session->kind == Kind::kAccount) {
            session->id = member_of(answer, "id");
        }
        if (!scheduled && session->kind != Kind::kAccount) {
            open_.push_back(session);
        }
    };
    Call call;
    call.path = "/api/v1/sessions";
    call.json = json + "}";
    call.key = chance(60) ? fresh_key() : "";
    call.acknowledged = acknowledged;
    return call;
}

Client::Call Client::event_call(SessionModel& session) {
    const std::uint64_t dice = random_.below(100);
    if (session.kind == Kind::kCounter) {
        if (dice < 3) {
            session.finish_sent = true;
            Call call = plain_call(session, "finish");
            call.acknowledged = [&session](const Answer&) {
                session.finish = Known::kAcknowledged;
            };
            std::erase(open_, &session);
            return call;
        }
        return numbered_call(session, "count", "seen", "");
    }
    if (session.kind == Kind::kParent) {
        return dice < 20 ? plain_call(session, "abandon")
                         : numbered_call(session, "spawn", "spawned", "");
    }
    if (dice < 10) {
        return plain_call(session, "disarm");
    }
    const std::string delay = std::to_string(random_.below(500));
    if (dice < 70) {
        return numbered_call(session, "arm", "armed", ",\"delay\":" + delay);
    }
    Call call = numbered_call(session, "tick", "ticked", "");
    call.list.clear();  // later
    call.json.insert(1, "\"delay\":" + delay + ",");
    return call;
}

Client::Call Client::numbered_call(SessionModel& session, const std::string& event,
                                   const std::string& list, const std::string& more) {
    const Number number = next_number_++;
    Ledger& ledger = session.ledgers[list];
    ledger.note(number, Known::kUnknown);
    Call call = plain_call(session, event);
    call.json =
        "{\"name\":\"" + event + "\",\"data\":{\"n\":" + std::to_string(number) + more + "}}";
    call.acknowledged = [&ledger, number](const Answer&) {
        ledger.note(number, Known::kAcknowledged);
    };
    call.list = list;
    call.number = number;
    return call;
}

Client::Call Client::plain_call(SessionModel& session, const std::string& event) {
    Call call;
    call.path = "/api/v1/sessions/" + session.id + "/events";
    call.json = "{\"name\":\"" + event + "\"}";
    call.key = chance(60) ? fresh_key() : "";
    call.acknowledged = [](const Answer&) {};
    call.session = &session;
    return call;
}

Client::Call Client::transfer_call(const std::vector<std::string>& accounts) {
    const std::string& to = accounts[random_.below(accounts.size())];
    const std::string amount = std::to_string(1 + random_.below(100));
    return numbered_call(*account_, "transfer", "sent",
                         ",\"to\":" + quoted(to) + ",\"amount\":" + amount);
}

void Client::close_full_sessions() {
    std::erase_if(
        open_, [](const SessionModel* session) { return session->numbers() >= kNumbersOfSession; });
}

std::string Client::fresh_key() {
    return "k" + std::to_string(seed_) + "-" + std::to_string(number_) + "-" +
           std::to_string(random_.next());
}

}  // namespace fermata::durability
