// Survey: finds out which node serves which slots: asks a primary that is known, or else goes
// round the nodes of the options and all others it ever heard of. Included by .cpp files of this
// folder only (Asio).
//
// Threads: the event loop's only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redis/backoff.h"
#include "redis/read_channel.h"
#include "redis/timer.h"
#include "redis/topology.h"

namespace fermata::redis {

class SurveyHost {
  public:
    SurveyHost() = default;
    SurveyHost(const SurveyHost&) = delete;
    SurveyHost& operator=(const SurveyHost&) = delete;
    virtual ~SurveyHost() = default;

    // An open connection to ask: that of `preferred` if it is open, and not that of `avoided` if
    // another one will do; null: none.
    virtual ReadChannel* pick_source(const std::optional<Address>& preferred,
                                     const std::optional<Address>& avoided) = 0;
    // Nodes to go round when there is no source.
    virtual std::vector<Node> known_nodes() = 0;
    virtual void surveyed(Topology topology) = 0;
    // A round found nothing.
    virtual void survey_failed(const Error& error) = 0;
};

class Survey final : private ReadChannelOwner {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Survey(Surroundings& surroundings, SurveyHost& host);

    void start() { begin_round(); }
    // The topology is doubtful: ask soon, but not more often than the options allow. `source` is
    // asked first: whoever sends elsewhere knows where to.
    void want(const std::optional<Address>& source = std::nullopt);
    // Every 100 ms.
    void tick(Time now);
    // Nothing is doubtful any more: the next doubt is looked into at once.
    void calm() { urgent_.reset(); }

  private:
    void read_channel_opened(const ServerFacts& facts) override;
    void read_channel_closed(const Error& error) override;
    void read_answered(OutstandingPtr /*request*/, Reply /*reply*/) override {}
    void read_refused(OutstandingPtr /*request*/, std::string_view /*text*/) override {}
    void read_progressed() override {}

    void begin_round();
    void send_scout();
    void retire_scout();
    void ask(ReadChannel& channel);
    void ask_slots(ReadChannel& channel);
    void ask_role(ReadChannel& channel);
    void decode(const Result<Topology>& topology);
    void succeed(Topology topology);
    void fail(const Error& error);
    [[nodiscard]] bool is_current(unsigned round) const { return is_asking_ && round == round_; }
    [[nodiscard]] AskedNode asked_node(const ReadChannel& channel) const;

    Surroundings& surroundings_;
    SurveyHost& host_;
    Timer timer_;
    Backoff urgent_;
    Time next_at_;   // of the next round, while none is under way
    Time begun_at_;  // of this round, or the last one
    bool is_asking_ = false;
    bool is_urgent_ = false;  // the next round has been brought forward
    unsigned round_ = 0;      // answers to earlier ones are late
    std::uint64_t epoch_ = 0;
    std::optional<Address> avoided_;
    std::optional<Address> preferred_;

    std::unique_ptr<ReadChannel> scout_;
    std::vector<Node> candidates_;  // of this round, the next one last
    bool is_denied_ = false;        // some candidate refused login or rights
};

}  // namespace fermata::redis
