#include "api/forwarding.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/hop.h"
#include "api/json_writer.h"
#include "api/reply.h"

namespace fermata::api {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The pause after the first attempt, doubled with each one; owners change within some round trips
// to the store, or, when one died, within the lease.
constexpr milliseconds kPauseFirst{25};
constexpr milliseconds kPauseMost{400};
// How often it is looked whether partitions that somebody waits for are elsewhere now: whoever
// waits for a new owner goes on when it is there, and not when the pause is over.
constexpr milliseconds kLookEvery{20};
// How long a request waits for its partition to be owned before it goes into the inbox or is
// refused: a hand-over is over by then.
constexpr milliseconds kOwnerlessPatience{500};
// What the owner's own time-outs get on top, so that its answer says what happened and not ours.
constexpr milliseconds kOwnerAnswersFirst{2'000};
// An answer-timeout of 0, as a time that can be added to others.
constexpr std::chrono::hours kForEver{24};
// How often it is looked whether sessions that somebody waits for have moved, and how many times
// in a row that must be seen: the old owner's last answers are still on their way at the first.
constexpr milliseconds kWatchEvery{250};
constexpr int kSeenMoved = 2;
// Silence of an event stream, in heartbeats of the owner.
constexpr int kHeartbeatsMissed = 3;

milliseconds pause_after(std::size_t attempts) {
    const std::size_t doublings = std::min<std::size_t>(attempts, 10) - 1;
    return std::min(kPauseMost, kPauseFirst * (1 << doublings));
}

std::string name_of(const Place& place) {
    return "node " + std::to_string(place.node) + " (" + place.internal_url + ")";
}

http::Response not_owner() {
    return problem("not-owner", "this instance does not own the session's partition");
}

http::Response in_inbox(const engine::InboxReceipt& receipt) {
    JsonWriter json;
    json.begin_object().member("receipt", receipt.id).end_object();
    http::Response response = http::Response::json(202, json.take());
    response.headers.set("Location", "/api/v1/receipts/" + receipt.id);
    return response;
}

// Of a request that must not be made twice.
http::Response lost(const std::string& reason) {
    return problem("unavailable",
                   "the answer was lost (" + reason +
                       "): what was asked may have been done or not. Look at the session before "
                       "you repeat it; with an Idempotency-Key repeating is safe at any time");
}

http::Response late(const std::string& reason) {
    return problem("timeout", "the instance that owns the session did not answer in time (" +
                                  reason + "): what was asked may have been done or not");
}

}  // namespace

struct Forwarding::Errand {
    std::shared_ptr<const Route> route;
    http::Request request;
    http::Responder responder;
    steady_clock::time_point deadline;
    // Nothing: any will do (a start), or none is meant (an id that is no id).
    std::optional<Partition> partition;
    bool is_for_nobody = false;  // the handler finds out what is wrong with it
    std::size_t attempts = 0;
    std::atomic<bool> pauses = false;
    std::optional<steady_clock::time_point> ownerless_since;
    std::string target;   // of the last attempt, for whoever reads the refusal
    std::string trouble;  // why the last attempt did not answer
};

Forwarding::Serve Forwarding::wrap(Route route) {
    if (cluster_ == nullptr || route.belonging.subject == Subject::kInstance) {
        return [handler = std::move(route.handler)](
                   http::Request request, const http::Responder& to) { handler(request, to); };
    }
    return [this, shared = std::make_shared<const Route>(std::move(route))](
               http::Request request, const http::Responder& responder) {
        attempt(make_errand(shared, std::move(request), responder));
    };
}

Forwarding::ErrandPtr Forwarding::make_errand(std::shared_ptr<const Route> route,
                                              http::Request request,
                                              const http::Responder& responder) const {
    auto errand = std::make_shared<Errand>();
    errand->route = std::move(route);
    errand->request = std::move(request);
    errand->responder = responder;
    errand->deadline = options_.answer_timeout.count() == 0
                           ? steady_clock::time_point::max()
                           : steady_clock::now() + options_.answer_timeout;
    assign_partition(*errand);
    return errand;
}

void Forwarding::assign_partition(Errand& errand) const {
    const Belonging& belonging = errand.route->belonging;
    if (belonging.subject == Subject::kSession) {
        errand.partition = engine_.partition_of(std::string(errand.request.param("id")));
        errand.is_for_nobody = !errand.partition;
        return;
    }
    const Result<engine::StartRequest> start = belonging.read_start(errand.request);
    errand.is_for_nobody = !start;
    if (start) {
        errand.partition = engine_.partition_of(*start);
    }
}

Place Forwarding::place_of(const Errand& errand) const {
    if (errand.is_for_nobody) {
        return {};
    }
    return errand.partition ? cluster_->place_of(*errand.partition) : cluster_->place_for_start();
}

void Forwarding::attempt(const ErrandPtr& errand) {
    if (stopped_) {
        errand->responder.send(problem("unavailable", "the server is stopping"));
        return;
    }
    ++errand->attempts;
    const Place place = place_of(*errand);
    if (place.where != Place::Where::kNobody) {
        errand->ownerless_since.reset();
    }
    if (place.where == Place::Where::kHere) {
        errand->target = "this instance";
        serve_here(errand);
    } else if (was_forwarded(errand->request)) {
        errand->responder.send(not_owner());
    } else if (place.where == Place::Where::kNode) {
        errand->target = name_of(place);
        send_on(errand, place);
    } else {
        wait_for_owner(errand);
    }
}

void Forwarding::serve_here(const ErrandPtr& errand) {
    const auto takes = [this, errand](const http::Response& response) {
        if (!response.headers.contains(kNotHereHeader)) {
            return false;
        }
        cluster_->doubt_owners();
        attempt_later(errand, "the partition has just been handed over");
        return true;
    };
    errand->route->handler(errand->request, errand->responder.filtered(takes));
}

void Forwarding::send_on(const ErrandPtr& errand, const Place& place) {
    const bool redirects = options_.forwarding == ForwardingMode::kRedirect &&
                           !place.external_url.empty() && !is_own_message(errand->request);
    if (!redirects) {
        relay(errand, place);
        return;
    }
    ++redirected_;
    errand->responder.send(
        http::Response::redirect(307, url_below(place.external_url, errand->request)));
}

void Forwarding::relay(const ErrandPtr& errand, const Place& place) {
    const Result<http::Client*> to = client();
    if (!to) {
        errand->responder.send(to_response(to.error()));
        return;
    }
    http::FetchRequest request = onward(errand->request, place.internal_url, options_.node);
    if (is_own_message(errand->request)) {
        request.headers.set(kPeerHeader, place.peer_secret);
    }
    request.timeout = time_for_answer(*errand);
    request.idle_timeout = options_.heartbeat_interval * kHeartbeatsMissed;
    const auto relay =
        Relay::start(**to, std::move(request), errand->responder,
                     [this, errand](const RelayOutcome& outcome) { after_relay(errand, outcome); });
    if (!relay) {
        errand->responder.send(to_response(relay.error()));
        return;
    }
    ++forwarded_;
    if (errand->partition) {
        watch(*relay, *errand->partition, place);
    }
}

milliseconds Forwarding::time_for_answer(const Errand& errand) const {
    if (errand.route->belonging.is_held) {
        return options_.request_timeout + kOwnerAnswersFirst;
    }
    if (options_.answer_timeout.count() == 0) {
        return kForEver;
    }
    const auto left =
        std::chrono::duration_cast<milliseconds>(errand.deadline - steady_clock::now());
    return std::max(left, milliseconds(0)) + kOwnerAnswersFirst;
}

void Forwarding::after_relay(const ErrandPtr& errand, const RelayOutcome& outcome) {
    const bool repeats = may_repeat(errand->route->access, errand->request);
    switch (outcome.kind) {
        case RelayOutcome::Kind::kOver:
            return;
        case RelayOutcome::Kind::kNotHere:
            cluster_->doubt_owners();
            attempt_later(errand, outcome.reason);
            return;
        case RelayOutcome::Kind::kNotSent:
            attempt_later(errand, outcome.reason);
            return;
        case RelayOutcome::Kind::kLate:
            errand->responder.send(late(outcome.reason));
            return;
        case RelayOutcome::Kind::kLost:
            break;
    }
    if (repeats) {
        attempt_later(errand, outcome.reason);
    } else {
        errand->responder.send(lost(outcome.reason));
    }
}

void Forwarding::wait_for_owner(const ErrandPtr& errand) {
    const auto now = steady_clock::now();
    if (now - errand->ownerless_since.value_or(now) < kOwnerlessPatience) {
        errand->ownerless_since = errand->ownerless_since.value_or(now);
        errand->target = "no instance";
        attempt_later(errand, "nobody owns the session's partition at the moment");
        return;
    }
    if (errand->route->belonging.read_event) {
        put_into_inbox(errand);
    } else {
        errand->responder.send(
            problem("unavailable", "nobody owns the session's partition at the moment"));
    }
}

void Forwarding::put_into_inbox(const ErrandPtr& errand) {
    Result<engine::EventRequest> event = errand->route->belonging.read_event(errand->request);
    if (!event) {
        errand->responder.send(to_response(event.error()));
        return;
    }
    if (event->delay.count() > 0) {
        errand->responder.send(
            problem("unavailable",
                    "nobody owns the session's partition at the moment; an event with a delay "
                    "cannot wait in its inbox"));
        return;
    }
    engine_.append_event(
        std::move(*event), [this, errand](const Result<engine::InboxReceipt>& receipt) {
            put_into_inbox_ += receipt ? 1 : 0;
            errand->responder.send(receipt ? in_inbox(*receipt) : to_response(receipt.error()));
        });
}

void Forwarding::attempt_later(const ErrandPtr& errand, std::string trouble) {
    errand->trouble = std::move(trouble);
    if (was_forwarded(errand->request)) {
        errand->responder.send(not_owner());
        return;
    }
    if (steady_clock::now() >= errand->deadline) {
        errand->responder.send(problem(
            "unavailable",
            "no answer from " + errand->target + ", the last one asked: " + errand->trouble));
        return;
    }
    ++repeated_;
    errand->pauses = true;
    look_for(errand);
    pauses_.after_about(pause_after(errand->attempts), [this, errand] { go_on(errand); });
}

// The end of its pause and another place of its partition may come at the same time.
void Forwarding::go_on(const ErrandPtr& errand) {
    if (errand->pauses.exchange(false)) {
        attempt(errand);
    }
}

void Forwarding::look_for(const ErrandPtr& errand) {
    if (!errand->partition) {
        return;
    }
    Place place = place_of(*errand);
    bool begins = false;
    {
        const std::lock_guard lock(paused_mutex_);
        paused_.push_back({errand, std::move(place)});
        begins = !std::exchange(is_looking_, true);
    }
    if (begins) {
        pauses_.after(kLookEvery, [this] { look_at_paused(); });
    }
}

void Forwarding::look_at_paused() {
    std::map<Partition, Place> places;
    std::vector<ErrandPtr> moved;
    bool goes_on = false;
    {
        const std::lock_guard lock(paused_mutex_);
        std::erase_if(paused_, [&](const Paused& paused) {
            if (!paused.errand->pauses) {
                return true;
            }
            const auto [found, is_new] = places.try_emplace(*paused.errand->partition);
            if (is_new) {
                found->second = place_of(*paused.errand);
            }
            const bool is_there = found->second.where == paused.place.where &&
                                  found->second.internal_url == paused.place.internal_url;
            if (!is_there) {
                moved.push_back(paused.errand);
            }
            return !is_there;
        });
        goes_on = !paused_.empty() && !stopped_;
        is_looking_ = goes_on;
    }
    for (const ErrandPtr& errand : moved) {
        go_on(errand);
    }
    if (goes_on) {
        pauses_.after(kLookEvery, [this] { look_at_paused(); });
    }
}

// ---- what has moved

void Forwarding::watch(const std::shared_ptr<Relay>& relay, Partition partition,
                       const Place& place) {
    bool begins = false;
    {
        const std::lock_guard lock(watched_mutex_);
        watched_.push_back({relay, partition, place.internal_url, 0});
        begins = !std::exchange(is_watching_, true);
    }
    if (begins) {
        pauses_.after(kWatchEvery, [this] { look_at_watched(); });
    }
}

// Also finds what its owner will never answer: it was stopped, or cut off from us.
void Forwarding::look_at_watched() {
    std::vector<std::shared_ptr<Relay>> moved;
    bool goes_on = false;
    {
        const std::lock_guard lock(watched_mutex_);
        std::erase_if(watched_, [&](Watched& watched) {
            const std::shared_ptr<Relay> relay = watched.relay.lock();
            if (relay == nullptr || relay->is_over()) {
                return true;
            }
            const Place place = cluster_->place_of(watched.partition);
            const bool is_there =
                place.where == Place::Where::kNobody ||
                (place.where == Place::Where::kNode && place.internal_url == watched.url);
            watched.seen_moved = is_there ? 0 : watched.seen_moved + 1;
            if (watched.seen_moved >= kSeenMoved) {
                moved.push_back(relay);
            }
            return false;
        });
        goes_on = !watched_.empty() && !stopped_;
        is_watching_ = goes_on;
    }
    for (const std::shared_ptr<Relay>& relay : moved) {
        relay->end_for_move();
    }
    if (goes_on) {
        pauses_.after(kWatchEvery, [this] { look_at_watched(); });
    }
}

bool Forwarding::is_elsewhere(const std::string& session) const {
    if (cluster_ == nullptr) {
        return false;
    }
    const std::optional<Partition> partition = engine_.partition_of(session);
    return partition && cluster_->place_of(*partition).where == Place::Where::kNode;
}

// ---- the rest

// A chart's message to a session of its own server: it carries no token of anybody, so the owner
// takes it on this instance's word.
bool Forwarding::is_own_message(const http::Request& request) const {
    return !options_.own_secret.empty() &&
           equals_in_constant_time(request.headers.get(kOwnSecretHeader), options_.own_secret);
}

Result<http::Client*> Forwarding::client() {
    const std::lock_guard lock(client_mutex_);
    if (stopped_) {
        return Error(ErrorCode::kUnavailable, "the server is stopping");
    }
    if (client_ == nullptr) {
        FERMATA_TRY_ASSIGN(client_, http::Client::create(options_.peers));
    }
    return client_.get();
}

void Forwarding::end_streams() {
    std::vector<std::shared_ptr<Relay>> relays;
    {
        const std::lock_guard lock(watched_mutex_);
        for (const Watched& watched : watched_) {
            if (auto relay = watched.relay.lock()) {
                relays.push_back(std::move(relay));
            }
        }
    }
    for (const std::shared_ptr<Relay>& relay : relays) {
        relay->end_stream();
    }
}

void Forwarding::stop() {
    http::Client* client = nullptr;
    {
        const std::lock_guard lock(client_mutex_);
        stopped_ = true;
        client = client_.get();
    }
    if (client != nullptr) {
        client->stop();
    }
    pauses_.stop();
}

ForwardingCounts Forwarding::counts() const {
    return {forwarded_, redirected_, repeated_, put_into_inbox_};
}

}  // namespace fermata::api
