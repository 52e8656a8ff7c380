// Recovery: what an engine reads of its partitions before it serves them, beside the same sessions
// read with HMGET and nothing else.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>

#include <hiredis/hiredis.h>

#include "redis_load.h"
#include "redis_store/redis_store.h"
#include "store/testing.h"

namespace fermata::bench {
namespace {

using redis_store::RedisStore;
using std::chrono::steady_clock;

constexpr std::size_t kPage = 1000;  // as engine/recovery.cpp asks

// `sessions` that live and, younger, `ended` ones.
void fill(RedisStore& store, std::size_t sessions, std::size_t ended) {
    const std::size_t live_of_one = sessions / kLoadPartitions;
    const std::size_t all_of_one = (sessions + ended) / kLoadPartitions;
    const std::string meta(150, 'm');
    const std::string state(250, 's');
    constexpr std::size_t kBatch = 250;
    std::vector<std::future<Result<store::CommitAnswer>>> answers;
    const auto settle = [&answers] {
        for (auto& answer : answers) {
            if (const auto result = answer.get(); !result) {
                std::fprintf(stderr, "fill: %s\n", result.error().to_string().c_str());
                std::exit(1);
            }
        }
        answers.clear();
    };
    for (Partition partition = 0; partition < kLoadPartitions; ++partition) {
        const auto epoch = store::wait<store::Epoch>(
            [&](auto done) { store.claim(partition, 1, std::move(done)); });
        for (std::size_t first = 0; first < all_of_one; first += kBatch) {
            store::CommitBatch batch;
            batch.partition = partition;
            batch.epoch = *epoch;
            for (std::size_t index = first; index < std::min(first + kBatch, all_of_one); ++index) {
                store::SessionCommit step;
                step.session = load_session(partition, index);
                step.created_ms = 1'700'000'000'000 + static_cast<UnixMillis>(index);
                step.fields = {
                    {"meta", meta}, {"state", state}, {"d.order", std::string(300, 'o')}};
                step.timers_set = {{step.session, 1,
                                    4'000'000'000'000 + static_cast<UnixMillis>(index),
                                    std::string(30, 't')}};
                if (index >= live_of_one) {
                    step.end = store::EndRecord{std::string(50, 'e'), 4'000'000'000'000};
                }
                batch.sessions.push_back(std::move(step));
            }
            auto promise = std::make_shared<std::promise<Result<store::CommitAnswer>>>();
            answers.push_back(promise->get_future());
            store.commit(std::move(batch), [promise](Result<store::CommitAnswer> answer) {
                promise->set_value(std::move(answer));
            });
            if (answers.size() == 100) {
                settle();
            }
        }
    }
    settle();
}

// One partition: claim, sessions, timers, page after page.
class Reader : public std::enable_shared_from_this<Reader> {
  public:
    Reader(store::Store& store, Partition partition, std::function<void(Reader&)> done)
        : store_(store), partition_(partition), done_(std::move(done)) {}

    void begin() {
        store_.claim(partition_, 1, [self = shared_from_this()](const Result<store::Epoch>&) {
            self->read_sessions("");
        });
    }
    std::uint64_t sessions = 0;
    std::uint64_t timers = 0;

  private:
    void read_sessions(const std::string& cursor) {
        store_.list_sessions(partition_, store::SessionPhase::kLive, cursor, kPage,
                             [self = shared_from_this()](const Result<store::SessionPage>& page) {
                                 self->sessions += page->sessions.size();
                                 if (page->next.empty()) {
                                     self->read_timers();
                                 } else {
                                     self->read_sessions(page->next);
                                 }
                             });
    }
    void read_timers() {
        store_.list_timers(partition_, after_, std::numeric_limits<UnixMillis>::max(), kPage, skip_,
                           [self = shared_from_this()](const Result<store::TimerPage>& page) {
                               self->take_timers(*page);
                           });
    }
    void take_timers(const store::TimerPage& page) {
        timers += page.timers.size();
        for (const store::TimerRecord& timer : page.timers) {
            skip_ = timer.due_ms == after_ ? skip_ + 1 : 1;
            after_ = timer.due_ms;
        }
        if (page.more) {
            read_timers();
        } else {
            done_(*this);
        }
    }

    store::Store& store_;
    const Partition partition_;
    std::function<void(Reader&)> done_;
    UnixMillis after_ = 0;
    std::size_t skip_ = 0;
};

void read_all(RedisStore& store, RecoveryFigures& figures) {
    std::mutex mutex;
    std::promise<void> all;
    std::size_t left = kLoadPartitions;
    const auto begin = steady_clock::now();
    for (Partition partition = 0; partition < kLoadPartitions; ++partition) {
        std::make_shared<Reader>(store, partition, [&](Reader& reader) {
            const std::lock_guard lock(mutex);
            const double seconds =
                std::chrono::duration<double>(steady_clock::now() - begin).count();
            if (left == kLoadPartitions) {
                figures.first_partition_seconds = seconds;
            }
            figures.sessions += reader.sessions;
            figures.timers += reader.timers;
            figures.seconds = seconds;
            if (--left == 0) {
                all.set_value();
            }
        })->begin();
    }
    all.get_future().wait();
}

// HMGET of meta and state of every session and HGET of its timer, 1000 in a pipeline, all primaries
// at a time.
double read_bare(const LoadOptions& options, redis::Client& client, std::size_t sessions) {
    struct Free {
        void operator()(redisContext* context) const { redisFree(context); }
    };
    const redis_store::Keys keys(options.store.cluster, kLoadPartitions);
    std::vector<std::pair<std::unique_ptr<redisContext, Free>, std::vector<std::string>>> nodes;
    for (const redis::PrimaryStatus& primary : client.status().primaries) {
        auto& node = nodes.emplace_back();
        node.first.reset(redisConnect(primary.address.host.c_str(), primary.address.port));
        for (Partition partition = 0; partition < kLoadPartitions; ++partition) {
            for (const auto& [first, last] : primary.slot_ranges) {
                if (keys.slot(partition) < first || keys.slot(partition) > last) {
                    continue;
                }
                for (std::size_t index = 0; index < sessions / kLoadPartitions; ++index) {
                    node.second.push_back(
                        keys.session(partition, load_session(partition, index).key()));
                }
            }
        }
    }
    const auto begin = steady_clock::now();
    std::size_t most = 0;
    for (const auto& [context, all] : nodes) {
        most = std::max(most, all.size());
    }
    for (std::size_t first = 0; first < most; first += kPage) {
        for (auto& [context, all] : nodes) {
            for (std::size_t at = first; at < std::min(first + kPage, all.size()); ++at) {
                redisAppendCommand(context.get(), "HMGET %b seq meta state", all[at].data(),
                                   all[at].size());
                redisAppendCommand(context.get(), "HGET %b t.1", all[at].data(), all[at].size());
            }
            int is_done = 0;
            while (is_done == 0 && redisBufferWrite(context.get(), &is_done) == REDIS_OK) {
            }
        }
        for (auto& [context, all] : nodes) {
            for (std::size_t at = first; at < std::min(first + kPage, all.size()); ++at) {
                for (int answer = 0; answer < 2; ++answer) {
                    void* reply = nullptr;
                    if (redisGetReply(context.get(), &reply) != REDIS_OK) {
                        std::fprintf(stderr, "bare read: %s\n", context->errstr);
                        std::exit(1);
                    }
                    freeReplyObject(reply);
                }
            }
        }
    }
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

}  // namespace

RecoveryFigures run_recovery(const LoadOptions& options, std::size_t sessions, std::size_t ended) {
    RecoveryFigures figures;
    {
        auto store = RedisStore::open(options.store);
        if (!store) {
            std::fprintf(stderr, "%s\n", store.error().to_string().c_str());
            std::exit(1);
        }
        fill(**store, sessions, ended);
    }
    auto store = RedisStore::open(options.store);
    auto client = redis::Client::open(options.store.client);
    static_cast<void>((*client)->wait_until_ready(std::chrono::seconds(10)));
    const double client_cpu = cpu_seconds();
    const double server_cpu = primaries_cpu_seconds(**client);
    read_all(**store, figures);
    figures.client_cpu_seconds = cpu_seconds() - client_cpu;
    figures.server_cpu_seconds = primaries_cpu_seconds(**client) - server_cpu;
    figures.bare_seconds = read_bare(options, **client, sessions);
    return figures;
}

}  // namespace fermata::bench
