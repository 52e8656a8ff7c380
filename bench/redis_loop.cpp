// The reference: hiredis as an experienced person writes it for this one load. One blocking
// connection a primary; each round writes the calls of all its partitions and a WAIT to every
// primary, then reads all answers. No encoding of records, no queues, no retries, no log.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <hiredis/hiredis.h>

#include "redis_load.h"
#include "redis_store/commit_encoder.h"
#include "redis_store/scripts.h"

namespace fermata::bench {
namespace {

using std::chrono::steady_clock;

struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "bare loop: %s\n", what);
    std::exit(1);
}

struct Lane {
    Partition partition = 0;
    std::string epoch;
    std::uint64_t call = 0;
    std::vector<LoadSession> sessions;
    std::size_t next = 0;
    std::vector<std::size_t> under_way;
};

struct Node {
    redis::PrimaryStatus status;
    std::unique_ptr<redisContext, FreeContext> context;
    std::vector<Lane> lanes;
    // Words of the call that is being made: payloads are borrowed, the rest is made.
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    std::vector<std::string> made;
};

class Loop {
  public:
    Loop(const LoadOptions& options, bool plain)
        : options_(options),
          keys_(options.store.cluster, kLoadPartitions),
          is_plain_(plain),
          client_(*redis::Client::open(options.store.client)) {
        static_cast<void>(client_->wait_until_ready(std::chrono::seconds(10)));
        for (const redis::PrimaryStatus& primary : client_->status().primaries) {
            connect(primary);
        }
    }

    LoadFigures run() {
        LoadFigures figures;
        round(options_.sessions_a_partition, figures);  // makes the sessions
        drive(options_.warm_up, figures);
        figures = LoadFigures();
        const double client_cpu = cpu_seconds();
        const double server_cpu = primaries_cpu_seconds(*client_);
        const auto begin = steady_clock::now();
        drive(options_.duration, figures);
        figures.seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
        figures.client_cpu_seconds = cpu_seconds() - client_cpu;
        figures.server_cpu_seconds = primaries_cpu_seconds(*client_) - server_cpu;
        return figures;
    }

  private:
    void connect(const redis::PrimaryStatus& primary) {
        Node node;
        node.status = primary;
        node.context.reset(redisConnect(primary.address.host.c_str(), primary.address.port));
        if (!node.context || node.context->err != 0) {
            fail("cannot connect");
        }
        const std::string& script = redis_store::commit_script().text();
        const ReplyPtr loaded(static_cast<redisReply*>(
            redisCommand(node.context.get(), "SCRIPT LOAD %b", script.data(), script.size())));
        if (!loaded || loaded->type == REDIS_REPLY_ERROR) {
            fail(loaded ? loaded->str : "SCRIPT LOAD");
        }
        for (Partition partition = 0; partition < options_.partitions; ++partition) {
            for (const auto& [first, last] : primary.slot_ranges) {
                if (keys_.slot(partition) >= first && keys_.slot(partition) <= last) {
                    node.lanes.push_back(claim(node, partition));
                }
            }
        }
        node.made.reserve(100'000);
        if (!node.lanes.empty()) {
            nodes_.push_back(std::move(node));
        }
    }
    Lane claim(Node& node, Partition partition) {
        Lane lane;
        lane.partition = partition;
        lane.epoch = "7";
        const ReplyPtr claimed(static_cast<redisReply*>(
            redisCommand(node.context.get(), "HSET %s epoch 7 node 1 call 0 next 1000000 answer x",
                         keys_.key(partition, "owner").c_str())));
        if (!claimed || claimed->type == REDIS_REPLY_ERROR) {
            fail(claimed ? claimed->str : "HSET");
        }
        for (std::size_t index = 0; index < options_.sessions_a_partition; ++index) {
            lane.sessions.push_back({load_session(partition, index), 0, 0});
        }
        return lane;
    }

    void word(Node& node, const std::string& borrowed) {
        node.words.push_back(borrowed.data());
        node.sizes.push_back(borrowed.size());
    }
    void make(Node& node, std::string text) {
        node.made.push_back(std::move(text));
        word(node, node.made.back());
    }
    void make(Node& node, std::uint64_t number) { make(node, std::to_string(number)); }
    void flush(Node& node) {
        redisAppendCommandArgv(node.context.get(), static_cast<int>(node.words.size()),
                               node.words.data(), node.sizes.data());
    }

    void append_call(Node& node, Lane& lane) {
        node.words.clear();
        node.sizes.clear();
        node.made.clear();
        const bool creates = lane.sessions[lane.under_way[0]].seq == 0;
        const std::string& base = keys_.base(lane.partition);
        make(node, "EVALSHA");
        word(node, redis_store::commit_script().sha1());
        make(node, 3 + lane.under_way.size() + (creates ? 1 : 0));
        make(node, base + "owner");
        for (const std::size_t index : lane.under_way) {
            make(node, base + "s:" + lane.sessions[index].id.key());
        }
        if (creates) {
            make(node, base + "sessions");
        }
        make(node, base + "timers");
        make(node, base + "outbox");
        make(node, lane.under_way.size());
        word(node, empty_);
        word(node, lifetime_);
        word(node, lifetime_);
        for (const std::size_t index : lane.under_way) {
            const LoadSession& session = lane.sessions[index];
            make(node, session.seq);
            make(node, session.seq + 1);
            word(node, creates ? created_ : empty_);
            word(node, empty_);  // it does not end,
            word(node, empty_);  // so what is known of its inbox does not matter
        }
        for (const std::size_t index : lane.under_way) {
            append_session(node, lane.sessions[index]);
        }
        word(node, dot_);
        word(node, lane.epoch);
        make(node, ++lane.call);
        word(node, empty_);
        flush(node);
    }
    void append_session(Node& node, const LoadSession& session) {
        const bool creates = session.seq == 0;
        const std::uint64_t seq = session.seq + 1;
        const std::string id = session.id.key();
        word(node, hash_);
        make(node, creates ? 14 : 12);
        make(node, "seq");
        make(node, seq);
        if (creates) {
            make(node, "created");
            word(node, created_);
        }
        for (const std::string& name : names_) {
            word(node, name);
            word(node, field_);
        }
        make(node, "t." + std::to_string(seq));
        make(node, due(seq) + " t");
        if (creates) {
            make(node, "c");
            make(node, "2");
            word(node, created_);
            make(node, id);
        }
        make(node, "t");
        make(node, "2");
        make(node, due(seq));
        make(node, member(seq, id));
        make(node, "o");
        make(node, "1");
        make(node, id + " " + std::to_string(seq) + " 0 " + effect_);
        word(node, dot_);
        if (!creates) {
            make(node, "D");
            make(node, "1");
            make(node, "t." + std::to_string(session.seq));
            make(node, "T");
            make(node, "1");
            make(node, member(session.seq, id));
            make(node, "O");
            make(node, "2");
            make(node, session.outbox);
            make(node, session.outbox);
        }
        word(node, dot_);
    }
    static std::string due(std::uint64_t seq) { return std::to_string(4'000'000'000'000 + seq); }
    static std::string member(std::uint64_t seq, const std::string& id) {
        const std::string digits = std::to_string(seq);
        return std::string(1, static_cast<char>('a' + digits.size() - 1)) + digits + ":" + id;
    }

    void append_hset(Node& node, const Lane& lane, const LoadSession& session) {
        node.words.clear();
        node.sizes.clear();
        node.made.clear();
        make(node, "HSET");
        make(node, keys_.base(lane.partition) + "s:" + session.id.key());
        for (const std::string& name : names_) {
            word(node, name);
            word(node, field_);
        }
        flush(node);
    }

    void drive(std::chrono::milliseconds duration, LoadFigures& figures) {
        const auto end = steady_clock::now() + duration;
        while (steady_clock::now() < end) {
            round(options_.sessions_a_commit, figures);
        }
    }
    // One call of every partition.
    void round(std::size_t sessions, LoadFigures& figures) {
        const auto begin = steady_clock::now();
        for (Node& node : nodes_) {
            for (Lane& lane : node.lanes) {
                lane.under_way.clear();
                for (std::size_t count = 0; count < sessions; ++count) {
                    lane.under_way.push_back(lane.next);
                    lane.next = (lane.next + 1) % lane.sessions.size();
                }
                if (is_plain_) {
                    for (const std::size_t index : lane.under_way) {
                        append_hset(node, lane, lane.sessions[index]);
                    }
                } else {
                    append_call(node, lane);
                }
            }
            if (options_.store.client.wait_replicas > 0) {
                redisAppendCommand(node.context.get(), "WAIT %d 5000",
                                   static_cast<int>(options_.store.client.wait_replicas));
            }
            int is_done = 0;
            while (is_done == 0) {
                if (redisBufferWrite(node.context.get(), &is_done) != REDIS_OK) {
                    fail("write");
                }
            }
        }
        for (Node& node : nodes_) {
            read_answers(node, figures);
        }
        figures.call_ms.push_back(
            std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
    }
    void read_answers(Node& node, LoadFigures& figures) const {
        for (Lane& lane : node.lanes) {
            for (std::size_t at = 0; at < (is_plain_ ? lane.under_way.size() : 1); ++at) {
                const ReplyPtr reply = next_reply(node);
                if (reply->type == REDIS_REPLY_ERROR) {
                    fail(reply->str);
                }
                if (!is_plain_) {
                    note(lane, *reply);
                }
            }
            figures.commits += lane.under_way.size();
            ++figures.calls;
        }
        if (options_.store.client.wait_replicas > 0) {
            const ReplyPtr reply = next_reply(node);
            if (reply->integer < static_cast<long long>(options_.store.client.wait_replicas)) {
                fail("too few replicas");
            }
        }
    }
    static ReplyPtr next_reply(Node& node) {
        void* reply = nullptr;
        if (redisGetReply(node.context.get(), &reply) != REDIS_OK) {
            fail(node.context->errstr);
        }
        return ReplyPtr(static_cast<redisReply*>(reply));
    }
    static void note(Lane& lane, const redisReply& reply) {
        const std::string text(reply.str, reply.len);
        if (text.compare(0, 3, "OK ") != 0) {
            fail(text.c_str());
        }
        std::uint64_t number = std::strtoull(text.c_str() + 3, nullptr, 10);
        for (const std::size_t index : lane.under_way) {
            ++lane.sessions[index].seq;
            lane.sessions[index].outbox = number++;
        }
    }

    const std::string empty_;
    const std::string dot_ = ".";
    const std::string hash_ = "h";
    const std::string created_ = "1700000000000";
    const std::string lifetime_ = "7862400000";
    const std::array<std::string, 4> names_ = {"state", "d.a", "d.b", "d.c"};
    const std::string field_ = std::string(256, 'f');
    const std::string effect_ = std::string(128, 'e');

    const LoadOptions& options_;
    const redis_store::Keys keys_;
    const bool is_plain_;
    std::unique_ptr<redis::Client> client_;
    std::vector<Node> nodes_;
};

}  // namespace

LoadFigures run_loop(const LoadOptions& options) {
    return Loop(options, false).run();
}

LoadFigures run_hset(const LoadOptions& options) {
    return Loop(options, true).run();
}

}  // namespace fermata::bench
