// Client::Core: everything behind the client: takes requests in, leads each to the primary of its
// slot, decides what a refusal means, keeps topology and primaries. Included by .cpp files of this
// folder only (Asio).
//
// Threads: the public methods as those of Client; everything else on the event loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "redis/client.h"
#include "redis/doorbell.h"
#include "redis/mailbox.h"
#include "redis/primary.h"
#include "redis/reply_error.h"
#include "redis/slot_map.h"
#include "redis/slot_watch.h"
#include "redis/survey.h"
#include "redis/tls.h"
#include "redis/waiting_room.h"

namespace fermata::redis {

class Client::Core final : private PrimaryHost, private SurveyHost {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Core(Options options, std::optional<TlsContext> tls);
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): a loop that cannot be stopped must not outlive us
    ~Core() override;

    void start();
    void send(Request request, Callback callback);
    bool post(std::function<void()> task);
    void after(std::chrono::milliseconds pause, std::function<void()> task);
    [[nodiscard]] bool on_own_thread() const;
    void on_primary_changed(PrimaryChanged listener);
    [[nodiscard]] Status status() const;
    Result<void> wait_until_ready(std::chrono::milliseconds timeout) const;
    void close();

  private:
    using Primaries = std::map<Address, std::unique_ptr<Primary>>;

    void run();
    void run_handlers();
    // True: there is more to do at once.
    bool end_turn();
    bool put(Mail mail);
    void deliver_mail();
    void deliver(std::vector<Mail>& mails);
    void tick();

    // A request's way (core_requests.cpp).
    void accept(OutstandingPtr request);
    void dispatch(OutstandingPtr request);
    Primary* destination(const Outstanding& request);
    [[nodiscard]] bool is_of_doubtful_slot(const Outstanding& request) const;
    Primary* any_primary();
    void pause(OutstandingPtr request, WaitingRoom::Until until);
    void expire_deadlines(Time now);
    void expire(Outstanding& request);
    void finish(Outstanding& request, Result<Reply> reply);
    void close_all(OutstandingQueue requests);
    void answer(OutstandingPtr request, Result<Reply> reply) override;
    void refused(OutstandingPtr request, std::string_view text, Primary& primary) override;
    void follow(OutstandingPtr request, std::string_view text, Primary& primary);
    void redirect(OutstandingPtr request, std::string_view text, const Primary& primary);
    void heal_script(OutstandingPtr request);

    // Primaries and topology (core_topology.cpp).
    void history_changed(Primary& primary) override;
    void doubtful(Primary& primary) override;
    void flush_wanted(Primary& primary) override;
    void confirm(Primary& primary, std::optional<Time> since,
                 std::function<void(bool)> answer) override;
    ReadChannel* pick_source(const std::optional<Address>& preferred,
                             const std::optional<Address>& avoided) override;
    std::vector<Node> known_nodes() override;
    void surveyed(Topology topology) override;
    void survey_failed(const Error& error) override;
    bool is_outdated(const Topology& topology);
    [[nodiscard]] std::vector<Primary*> open_primaries(const Primary* except, bool is_healthy);
    [[nodiscard]] Node known_node(const Address& address) const;
    Primary& find_or_add(const Node& node);
    void count_slots();
    void retire(std::unique_ptr<Primary> primary);
    [[nodiscard]] bool is_used(const Address& address, const Primary& primary) const;
    void retire_unused();
    void redirect_misplaced();
    void tell_changed(const std::vector<SlotRange>& ranges);
    // Are the slots whole whose primary changed? Until that is known, requests for them wait.
    void doubt(const std::vector<SlotRange>& ranges);
    void watch_slots();
    void ask_what_it_holds(Primary& primary, unsigned round);
    void settle_slots(const SlotWatch::Found& found);
    [[nodiscard]] std::string torn_text(Slot slot) const;
    void flush_primaries();
    void await_writes(const Primary::Awaited& awaited);

    [[nodiscard]] Status make_status(Time now) const;
    void publish_status();
    [[nodiscard]] Error why_not_ready() const;
    void shut_down();

    const Options options_;
    std::optional<TlsContext> tls_;
    boost::asio::io_context loop_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    Surroundings surroundings_;
    Mailbox mailbox_;
    Doorbell doorbell_;
    std::vector<Mail> mails_;  // being delivered
    // What this thread hands to itself, for the end of the turn, and what is being delivered of it.
    std::vector<Mail> own_mails_;
    std::vector<Mail> own_mails_taken_;
    bool is_mail_due_ = false;  // it was awaited, and is to be taken at the end of the turn
    bool is_shut_down_ = false;
    PrimaryChanged listener_;

    Primaries primaries_;
    std::vector<std::unique_ptr<Primary>> retired_;
    std::set<Primary*> dirty_;  // want flush()
    bool is_flush_wanted_ = false;
    SlotMap slots_;
    SlotWatch slot_watch_;
    bool is_count_denied_ = false;  // and was said
    Topology topology_;             // the last one taken
    bool is_known_ = false;
    Time polled_at_;
    std::optional<Time> outdated_since_;  // answers older than the topology came since then
    std::optional<Error> survey_error_;
    bool is_doubtful_ = false;  // something was, since the last tick
    Survey survey_;
    WaitingRoom waiting_room_;
    std::multimap<Time, Outstanding*> deadlines_;
    Timer ticker_;

    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::size_t> requests_waiting_{0};
    std::atomic<std::uint64_t> requests_{0};
    mutable std::mutex status_mutex_;
    mutable std::condition_variable status_published_;
    Status status_;
    std::atomic<std::thread::id> own_thread_;
    std::once_flag closed_;
    std::thread thread_;
};

}  // namespace fermata::redis
