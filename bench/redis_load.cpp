#include "redis_load.h"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>

#include <sys/resource.h>

#include "base/wakeup.h"
#include "redis_store/redis_store.h"
#include "store/testing.h"

namespace fermata::bench {
namespace {

using redis_store::RedisStore;
using std::chrono::steady_clock;

const std::string kField(256, 'f');
const std::string kEffect(128, 'e');

double seconds_since(steady_clock::time_point begin) {
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

// What the load sleeps on, as a shard does: answers of commits.
class Answers final : public Sleeper, public std::enable_shared_from_this<Answers> {
  public:
    struct Answer {
        Partition partition;
        Result<store::CommitAnswer> result;
    };

    void put(Answer answer) {
        bool is_first = false;
        {
            const std::lock_guard lock(mutex_);
            is_first = waiting_.empty();
            waiting_.push_back(std::move(answer));
        }
        if (is_first) {
            WakeupHold::wake(shared_from_this());
        }
    }
    // Waits for a first one.
    void take(std::vector<Answer>& into) {
        into.clear();
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return !waiting_.empty(); });
        into.swap(waiting_);
    }
    void wake() override { ready_.notify_one(); }

  private:
    std::mutex mutex_;
    std::condition_variable ready_;
    std::vector<Answer> waiting_;
};

// Plays the part of a shard: makes the next commit of a partition when the last one was answered.
class StoreLoad {
  public:
    explicit StoreLoad(const LoadOptions& options) : options_(options), lanes_(kLoadPartitions) {
        auto opened = RedisStore::open(options.store);
        if (!opened) {
            std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
            std::exit(1);
        }
        store_ = *std::move(opened);
    }

    LoadFigures run() {
        prepare();
        drive(options_.warm_up);
        figures_ = LoadFigures();
        const double client_cpu = cpu_seconds();
        const double server_cpu = server_seconds();
        const auto begin = steady_clock::now();
        drive(options_.duration);
        figures_.seconds = seconds_since(begin);
        figures_.client_cpu_seconds = cpu_seconds() - client_cpu;
        figures_.server_cpu_seconds = server_seconds() - server_cpu;
        const redis::Counters counters = store_->status().counters;
        figures_.calls_a_batch = static_cast<double>(counters.batched_requests) /
                                 static_cast<double>(std::max<std::uint64_t>(1, counters.batches));
        return std::move(figures_);
    }

  private:
    struct Lane {
        store::Epoch epoch = 0;
        std::vector<LoadSession> sessions;
        std::size_t next = 0;
        std::vector<std::size_t> under_way;
        steady_clock::time_point sent;
    };

    void prepare() {
        for (Partition partition = 0; partition < kLoadPartitions; ++partition) {
            Lane& lane = lanes_[partition];
            lane.epoch = *store::wait<store::Epoch>(
                [&](auto done) { store_->claim(partition, 1, std::move(done)); });
            for (std::size_t index = 0; index < options_.sessions_a_partition; ++index) {
                lane.sessions.push_back({load_session(partition, index), 0, 0});
            }
            store::CommitBatch batch;
            batch.partition = partition;
            batch.epoch = lane.epoch;
            for (const LoadSession& session : lane.sessions) {
                batch.sessions.push_back(load_step(session));
            }
            const auto answer = store::wait<store::CommitAnswer>(
                [&](auto done) { store_->commit(std::move(batch), std::move(done)); });
            for (std::size_t index = 0; index < lane.sessions.size(); ++index) {
                note(lane.sessions[index], answer->sessions[index]);
            }
        }
    }
    static void note(LoadSession& session, const store::SessionAnswer& answer) {
        session.seq = answer.stored_seq;
        session.outbox = answer.first_outbox_number;
    }
    void commit(Partition partition) {
        Lane& lane = lanes_[partition];
        store::CommitBatch batch;
        batch.partition = partition;
        batch.epoch = lane.epoch;
        lane.under_way.clear();
        for (std::size_t count = 0; count < options_.sessions_a_commit; ++count) {
            lane.under_way.push_back(lane.next);
            batch.sessions.push_back(load_step(lane.sessions[lane.next]));
            lane.next = (lane.next + 1) % lane.sessions.size();
        }
        lane.sent = steady_clock::now();
        store_->commit(std::move(batch),
                       [answers = answers_, partition](Result<store::CommitAnswer> answer) {
                           answers->put({partition, std::move(answer)});
                       });
    }
    void drive(std::chrono::milliseconds duration) {
        const auto end = steady_clock::now() + duration;
        for (Partition partition = 0; partition < kLoadPartitions; ++partition) {
            commit(partition);
        }
        std::size_t outstanding = kLoadPartitions;
        std::vector<Answers::Answer> answered;
        while (outstanding > 0) {
            answers_->take(answered);
            const auto now = steady_clock::now();
            for (const Answers::Answer& one : answered) {
                Lane& lane = lanes_[one.partition];
                for (std::size_t at = 0; at < lane.under_way.size(); ++at) {
                    note(lane.sessions[lane.under_way[at]], one.result->sessions[at]);
                }
                figures_.commits += lane.under_way.size();
                ++figures_.calls;
                figures_.call_ms.push_back(
                    std::chrono::duration<double, std::milli>(now - lane.sent).count());
                if (now < end) {
                    commit(one.partition);
                } else {
                    --outstanding;
                }
            }
        }
    }
    double server_seconds() {
        if (!client_) {
            redis::Options options = options_.store.client;
            options.wait_replicas = 0;
            client_ = *redis::Client::open(options);
            static_cast<void>(client_->wait_until_ready(std::chrono::seconds(10)));
        }
        return primaries_cpu_seconds(*client_);
    }

    const LoadOptions& options_;
    std::unique_ptr<RedisStore> store_;
    std::unique_ptr<redis::Client> client_;
    std::vector<Lane> lanes_;
    LoadFigures figures_;
    const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

}  // namespace

SessionId load_session(Partition partition, std::size_t index) {
    return store::test_session((std::uint64_t{partition} << 32U) + index + 1, partition);
}

store::SessionCommit load_step(const LoadSession& session) {
    store::SessionCommit step;
    step.session = session.id;
    step.expected_seq = session.seq;
    step.seq = session.seq + 1;
    step.created_ms = session.seq == 0 ? 1'700'000'000'000 : 0;
    step.fields = {{"state", kField}, {"d.a", kField}, {"d.b", kField}, {"d.c", kField}};
    const auto due = [](std::uint64_t seq) {
        return 4'000'000'000'000 + static_cast<UnixMillis>(seq);
    };
    step.timers_set.push_back({session.id, step.seq, due(step.seq), "t"});
    step.outbox_added.push_back({session.id, step.seq, 0, 0, kEffect});
    if (session.seq > 0) {
        step.timers_removed.emplace_back(due(session.seq), session.seq);
        step.outbox_removed.push_back(session.outbox);
    }
    return step;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double primaries_cpu_seconds(redis::Client& client) {
    double sum = 0;
    for (const redis::PrimaryStatus& primary : client.status().primaries) {
        redis::Request request{std::nullopt, redis::Command("INFO")};
        request.command.add("cpu");
        request.primary = primary.address;
        std::promise<std::string> promise;
        client.send(std::move(request), [&](Result<redis::Reply> reply) {
            promise.set_value(reply ? std::string(reply->view().text()) : "");
        });
        const std::string text = promise.get_future().get();
        for (const std::string name : {"used_cpu_sys:", "used_cpu_user:"}) {
            if (const std::size_t at = text.find(name); at != std::string::npos) {
                sum += std::strtod(text.c_str() + at + name.size(), nullptr);
            }
        }
    }
    return sum;
}

double load_seconds(const LoadOptions& options) {
    constexpr int kRounds = 2000;
    const LoadSession session{load_session(0, 0), 5, 1'000'000};
    std::size_t made = 0;
    const double begin = cpu_seconds();
    for (int round = 0; round < kRounds; ++round) {
        store::CommitBatch batch;
        for (std::size_t count = 0; count < options.sessions_a_commit; ++count) {
            batch.sessions.push_back(load_step(session));
        }
        made += batch.sessions.size();
    }
    return (cpu_seconds() - begin) / static_cast<double>(made);
}

LoadFigures run_store(const LoadOptions& options) {
    return StoreLoad(options).run();
}

}  // namespace fermata::bench
