// Forwarding: has each request answered where its session lives, whichever instance it came to.
//
// A request is an Errand until it is answered. Each attempt looks up the owner of its partition:
// here: the route's handler serves it, and an answer that says "not here" starts the next attempt;
// another node: the request goes on to it (Relay), or the client is told where to ask (redirect);
// nobody: after a moment, an event is put into the partition's inbox (202), the rest is refused.
// Attempts follow each other with growing, uneven pauses until [http] answer-timeout is over. A
// request is attempted anew only when nothing was done, or when repeating does no harm.
//
// Ownership: part of Service; keeps references to the engine and the cluster. Threads: any.
// Limits: requests on their way to other instances: Options::peers.in_flight_max, the same number
// waiting; beyond that: overloaded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/cluster.h"
#include "api/context.h"
#include "api/forwarding_counts.h"
#include "api/pauses.h"
#include "api/relay.h"
#include "api/route.h"

namespace fermata::api {

class Forwarding {
  public:
    using Serve = std::function<void(http::Request, const http::Responder&)>;

    Forwarding(engine::Engine& engine, const Options& options)
        : engine_(engine), options_(options), cluster_(options.cluster) {}
    Forwarding(const Forwarding&) = delete;
    Forwarding& operator=(const Forwarding&) = delete;
    ~Forwarding() { stop(); }

    // The route's handler, called where the request belongs.
    [[nodiscard]] Serve wrap(Route route);
    // Whether another instance serves that session now: its live moments happen there.
    [[nodiscard]] bool is_elsewhere(const std::string& session) const;
    // Event streams that come through here from other instances end.
    void end_streams();
    // Everything under way is answered: nothing is attempted any more.
    void stop();

    // For calls to other instances; made when it is first needed.
    [[nodiscard]] Result<http::Client*> client();
    [[nodiscard]] ForwardingCounts counts() const;

  private:
    struct Errand;
    using ErrandPtr = std::shared_ptr<Errand>;
    // An errand between two attempts, and where its partition was when the pause began.
    struct Paused {
        ErrandPtr errand;
        Place place;
    };
    // A relay whose session may move meanwhile.
    struct Watched {
        std::weak_ptr<Relay> relay;
        Partition partition = 0;
        std::string url;  // of the instance that it goes to
        int seen_moved = 0;
    };

    [[nodiscard]] ErrandPtr make_errand(std::shared_ptr<const Route> route, http::Request request,
                                        const http::Responder& responder) const;
    void assign_partition(Errand& errand) const;
    [[nodiscard]] Place place_of(const Errand& errand) const;
    void attempt(const ErrandPtr& errand);
    void serve_here(const ErrandPtr& errand);
    void send_on(const ErrandPtr& errand, const Place& place);
    void relay(const ErrandPtr& errand, const Place& place);
    [[nodiscard]] std::chrono::milliseconds time_for_answer(const Errand& errand) const;
    void after_relay(const ErrandPtr& errand, const RelayOutcome& outcome);
    void wait_for_owner(const ErrandPtr& errand);
    void put_into_inbox(const ErrandPtr& errand);
    void attempt_later(const ErrandPtr& errand, std::string trouble);
    void go_on(const ErrandPtr& errand);
    void look_for(const ErrandPtr& errand);
    void look_at_paused();
    void watch(const std::shared_ptr<Relay>& relay, Partition partition, const Place& place);
    void look_at_watched();
    [[nodiscard]] bool is_own_message(const http::Request& request) const;

    engine::Engine& engine_;
    const Options& options_;
    Cluster* const cluster_;
    std::atomic<bool> stopped_ = false;
    std::atomic<std::uint64_t> forwarded_ = 0;
    std::atomic<std::uint64_t> redirected_ = 0;
    std::atomic<std::uint64_t> repeated_ = 0;
    std::atomic<std::uint64_t> put_into_inbox_ = 0;
    std::mutex client_mutex_;
    std::unique_ptr<http::Client> client_;  // made under client_mutex_, then constant
    std::mutex paused_mutex_;
    std::vector<Paused> paused_;  // under paused_mutex_
    bool is_looking_ = false;     // under paused_mutex_
    std::mutex watched_mutex_;
    std::vector<Watched> watched_;  // under watched_mutex_
    bool is_watching_ = false;      // under watched_mutex_
    Pauses pauses_;
};

}  // namespace fermata::api
