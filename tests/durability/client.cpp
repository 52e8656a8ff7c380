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

void Client::open_account(std::uint16_t port) {
    HttpConnection connection(port);
    account_ = nullptr;
    Call call = start_call(Kind::kAccount);
    SessionModel* const account = all_.back().get();
    if (perform(connection, std::move(call)) == Outcome::kAcknowledged) {
        account_ = account;
    }
}

void Client::put_load(std::uint16_t port, const std::vector<std::string>& accounts,
                      const std::atomic<bool>& stop) {
    HttpConnection connection(port);
    while (!stop) {
        const Outcome outcome = act(connection, accounts);
        if (outcome == Outcome::kBroken || (outcome == Outcome::kRefused && !perseveres_)) {
            return;
        }
        if (outcome == Outcome::kRefused) {
            std::this_thread::sleep_for(kPauseWhenRefused);
        }
        close_full_sessions();
    }
}

void Client::repeat_broken(std::uint16_t port) {
    if (unsettled_) {
        HttpConnection connection(port);
        ++counts_.repeated;
        perform(connection, *std::exchange(unsettled_, std::nullopt));
    }
}

Client::Outcome Client::act(HttpConnection& connection, const std::vector<std::string>& accounts) {
    if (unsettled_) {
        ++counts_.repeated;
        return perform(connection, *std::exchange(unsettled_, std::nullopt));
    }
    if (account_ != nullptr && chance(25)) {
        return perform(connection, transfer_call(accounts));
    }
    if (open_.empty() || (open_.size() < kOpenSessions && chance(30))) {
        constexpr Kind kKinds[] = {Kind::kCounter, Kind::kTimers, Kind::kParent};
        return perform(connection, start_call(kKinds[random_.below(3)]));
    }
    return perform(connection, event_call(*open_[random_.below(open_.size())]));
}

Client::Outcome Client::perform(HttpConnection& connection, Call call) {
    const std::optional<Answer> answer = connection.post(call.path, call.json, call.key);
    if (!answer) {
        ++counts_.broken;
        if (connection.timed_out()) {
            failures_.push_back(call.path + " " + call.json + ": no answer");
        }
        if (!call.key.empty() && chance(70)) {
            unsettled_ = std::move(call);
        }
        return Outcome::kBroken;
    }
    if (answer->status == kOk || answer->status == kCreated) {
        ++counts_.acknowledged;
        call.acknowledged(*answer);
        if (!call.key.empty() && chance(5)) {
            check_repetition(connection, call, *answer);
        }
        return Outcome::kAcknowledged;
    }
    ++counts_.refused;
    if (!refuses(*answer)) {
        failures_.push_back(call.path + " " + call.json.substr(0, 200) + ": " +
                            std::to_string(answer->status) + " " + answer->body);
    } else if (perseveres_ && !call.key.empty() && chance(70)) {
        unsettled_ = std::move(call);
    }
    return Outcome::kRefused;
}

void Client::check_repetition(HttpConnection& connection, const Call& call, const Answer& first) {
    const std::optional<Answer> second = connection.post(call.path, call.json, call.key);
    ++counts_.repeated;
    const bool going = !second || refuses(*second);
    if (!going && (second->status != first.status || second->body != first.body)) {
        failures_.push_back(call.path + ": the first answer was " + first.body +
                            ", that to its repetition " + second->body);
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
    return {"/api/v1/sessions", json + "}", chance(60) ? fresh_key() : "", acknowledged};
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
    return call;
}

Client::Call Client::plain_call(const SessionModel& session, const std::string& event) {
    return {"/api/v1/sessions/" + session.id + "/events", "{\"name\":\"" + event + "\"}",
            chance(60) ? fresh_key() : "", [](const Answer&) {}};
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
