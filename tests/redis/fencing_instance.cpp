// One instance for fencing_test.py: takes partitions through RedisStore and writes to them without
// pause, as its standard input says. Its servers are those of tests/support/with_redis.py.
//
//   claim P P P   takes these partitions and works on them; answered `working`
//   rest          ends the work; answered `resting COMMITS` when nothing is under way
//
// A partition that another instance took is told by `fenced P`. It is tried again then, with
// everything an owner may do, and `refused P` follows when each attempt was refused; `WROTE P …`
// says that one was not.
#include <atomic>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "redis_store/redis_store.h"
#include "redis_store/testing.h"
#include "store/testing.h"

namespace fermata {
namespace {

constexpr Partition kPartitions = 16;
constexpr std::size_t kSessionsOfPartition = 40;
constexpr unsigned kAttemptsAfterFencing = 20;
constexpr UnixMillis kFarFuture = 4'000'000'000'000;

void say(const std::string& line) {
    // One write a line: the callbacks' thread and the main thread both speak.
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

struct KnownSession {
    SessionId id;
    std::uint64_t seq = 0;
    std::vector<store::TimerRecord> timers;
};

// The work on one claimed partition. Threads: the store's alone, once begun.
class Work : public std::enable_shared_from_this<Work> {
  public:
    Work(store::Store& store, Partition partition, store::Epoch epoch, std::uint64_t seed)
        : store_(store), partition_(partition), epoch_(epoch), random_(seed) {}

    void adopt(const std::vector<store::SessionRecord>& sessions) {
        for (const store::SessionRecord& session : sessions) {
            sessions_.push_back({session.session, session.seq, {}});
        }
    }
    void begin() {
        is_under_way_ = true;
        go_on();
    }
    void rest() { is_resting_ = true; }
    [[nodiscard]] bool is_under_way() const { return is_under_way_ || expiries_under_way_ > 0; }
    [[nodiscard]] std::uint64_t commits() const { return commits_; }

  private:
    void go_on();
    void answered(const store::CommitBatch& batch, const Result<store::CommitAnswer>& answer);
    void refused(const Error& error);
    void settle(const store::CommitBatch& batch);
    store::CommitBatch next_batch();
    store::SessionCommit next_step(KnownSession& session);

    store::Store& store_;
    const Partition partition_;
    const store::Epoch epoch_;
    Random random_;
    std::vector<KnownSession> sessions_;
    std::uint64_t timers_ = 0;
    unsigned attempts_after_fencing_ = 0;
    bool is_fenced_ = false;
    std::atomic<bool> is_resting_ = false;
    std::atomic<bool> is_under_way_ = false;
    std::atomic<int> expiries_under_way_ = 0;
    std::atomic<std::uint64_t> commits_ = 0;
};

void Work::go_on() {
    if (is_resting_ || attempts_after_fencing_ > kAttemptsAfterFencing) {
        is_under_way_ = false;
        return;
    }
    if (random_.below(100) < 5) {
        // Housekeeping of an owner: it may not touch what is another's either.
        ++expiries_under_way_;
        store_.expire(kFarFuture, 100, [self = shared_from_this()](const Result<std::size_t>&) {
            --self->expiries_under_way_;
        });
    }
    store::CommitBatch batch = next_batch();
    auto sent = std::make_shared<store::CommitBatch>(batch);
    store_.commit(std::move(batch),
                  [self = shared_from_this(), sent](const Result<store::CommitAnswer>& answer) {
                      self->answered(*sent, answer);
                  });
}

void Work::answered(const store::CommitBatch& batch, const Result<store::CommitAnswer>& answer) {
    if (!answer) {
        refused(answer.error());
    } else if (is_fenced_) {
        say("WROTE " + std::to_string(partition_) + " after it was fenced");
    } else {
        settle(batch);
    }
    go_on();
}

void Work::refused(const Error& error) {
    if (error.code() != ErrorCode::kFenced) {
        say("unexpected " + std::to_string(partition_) + " " + error.to_string());
        attempts_after_fencing_ = kAttemptsAfterFencing + 1;
        return;
    }
    if (!is_fenced_) {
        is_fenced_ = true;
        say("fenced " + std::to_string(partition_));
    }
    if (++attempts_after_fencing_ > kAttemptsAfterFencing) {
        say("refused " + std::to_string(partition_));
    }
}

void Work::settle(const store::CommitBatch& batch) {
    commits_ += batch.sessions.size();
    for (const store::SessionCommit& step : batch.sessions) {
        for (KnownSession& session : sessions_) {
            if (session.id == step.session) {
                session.seq = step.seq;
            }
        }
        if (step.end) {
            std::erase_if(sessions_,
                          [&](const KnownSession& known) { return known.id == step.session; });
        }
    }
}

store::CommitBatch Work::next_batch() {
    if (sessions_.size() < kSessionsOfPartition) {
        sessions_.push_back({SessionId::random(random_, partition_), 0, {}});
    }
    store::CommitBatch batch;
    batch.partition = partition_;
    batch.epoch = epoch_;
    const std::size_t count = 1 + random_.below(4);
    const std::size_t first = random_.below(sessions_.size());
    for (std::size_t at = first; at < sessions_.size() && at < first + count; ++at) {
        batch.sessions.push_back(next_step(sessions_[at]));
    }
    return batch;
}

store::SessionCommit Work::next_step(KnownSession& session) {
    store::SessionCommit step =
        store::test_step(session.id, session.seq + 1, std::string(10 + random_.below(1500), 's'));
    step.fields.push_back({"d.n", std::to_string(random_.next())});
    if (random_.below(100) < 20) {
        step.timers_set.push_back({session.id, ++timers_, kFarFuture, "timer"});
    }
    if (random_.below(100) < 20) {
        store::OutboxRecord effect;
        effect.session = session.id;
        effect.seq = step.seq;
        effect.payload = "effect";
        step.outbox_added.push_back(effect);
    }
    if (random_.below(100) < 20) {
        step.inbox_added.push_back({session.id, 0, "event"});
    }
    if (session.seq > 0 && random_.below(100) < 5) {
        step.end = store::EndRecord{"ended", kFarFuture - 1};
    }
    return step;
}

class Instance {
  public:
    explicit Instance(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}

    void claim(const std::vector<Partition>& partitions, std::uint32_t node) {
        works_.clear();
        for (const Partition partition : partitions) {
            const auto epoch =
                store::wait<store::Epoch>([&](auto done) { store_->claim(partition, node, done); });
            const auto page = store::wait<store::SessionPage>([&](auto done) {
                store_->list_sessions(partition, store::SessionPhase::kLive, "", 1000, done);
            });
            if (!epoch || !page) {
                say("unexpected " + (epoch ? page.error() : epoch.error()).to_string());
                return;
            }
            works_.push_back(std::make_shared<Work>(*store_, partition, *epoch, random_.next()));
            works_.back()->adopt(page->sessions);
        }
        for (const auto& work : works_) {
            work->begin();
        }
        say("working");
    }
    void rest() {
        std::uint64_t commits = 0;
        for (const auto& work : works_) {
            work->rest();
        }
        for (const auto& work : works_) {
            while (work->is_under_way()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            commits += work->commits();
        }
        say("resting " + std::to_string(commits));
    }

  private:
    std::unique_ptr<store::Store> store_;
    Random random_ = Random::from_entropy();
    std::vector<std::shared_ptr<Work>> works_;
};

int run(const std::string& cluster, std::uint32_t node) {
    auto store = redis_store::RedisStore::open(redis_store::test_options(cluster, kPartitions));
    if (!store) {
        say("unexpected " + store.error().to_string());
        return 1;
    }
    Instance instance(*std::move(store));
    say("open");
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string verb;
        words >> verb;
        if (verb == "claim") {
            std::vector<Partition> partitions;
            for (unsigned partition = 0; words >> partition;) {
                partitions.push_back(static_cast<Partition>(partition));
            }
            instance.claim(partitions, node);
        } else if (verb == "rest") {
            instance.rest();
        }
    }
    return 0;
}

}  // namespace
}  // namespace fermata

int main(int count, char** arguments) {
    if (count != 3) {
        std::fputs("usage: fermata_fencing_instance CLUSTER NODE\n", stderr);
        return 2;
    }
    return fermata::run(arguments[1], static_cast<std::uint32_t>(std::atoi(arguments[2])));
}
