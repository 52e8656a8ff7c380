// For tests on real servers: where they are (tests/support/with_redis.py says it in the
// environment), a store of one's own in them, and commands besides the store.
#pragma once

#include <atomic>
#include <cstdlib>
#include <future>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/log.h"
#include "redis/client.h"
#include "redis_store/keys.h"
#include "redis_store/redis_store.h"

namespace fermata::redis_store {

inline std::string test_environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

inline redis::Options test_client_options() {
    // The first who logs makes the logger, in a library that the thread sanitizer cannot look into:
    // so it is made before there are threads.
    static_cast<void>(log::enabled(log::Level::kInfo));
    redis::Options options;
    auto nodes = redis::parse_address_list(test_environment("FERMATA_TEST_REDIS"));
    EXPECT_TRUE(nodes) << "start this test through tests/support/with_redis.py";
    options.nodes = nodes ? *std::move(nodes) : std::vector<redis::Address>();
    options.username = test_environment("FERMATA_TEST_REDIS_USER");
    options.password = test_environment("FERMATA_TEST_REDIS_PASSWORD");
    options.tls.cacert = test_environment("FERMATA_TEST_REDIS_CACERT");
    options.tls.cert = test_environment("FERMATA_TEST_REDIS_CERT");
    options.tls.key = test_environment("FERMATA_TEST_REDIS_KEY");
    options.tls.enabled = !options.tls.cacert.empty();
    options.wait_replicas = test_environment("FERMATA_TEST_REDIS_REPLICAS") == "0" ||
                                    !test_environment("FERMATA_TEST_REDIS_STANDALONE").empty()
                                ? 0
                                : 1;
    return options;
}

// A name of a cluster that no other test uses.
inline std::string test_cluster() {
    static std::atomic<unsigned> number = 0;
    return "test-" + std::to_string(getpid()) + "-" + std::to_string(++number);
}

inline Options test_options(const std::string& cluster, Partition partitions) {
    Options options;
    options.client = test_client_options();
    options.cluster = cluster;
    options.partition_count = partitions;
    return options;
}

// Commands past the store, to see and change what is in Redis.
class RedisProbe {
  public:
    explicit RedisProbe(const std::string& cluster, Partition partitions)
        : keys(cluster, partitions) {
        redis::Options options = test_client_options();
        options.wait_replicas = 0;
        auto client = redis::Client::open(options);
        EXPECT_TRUE(client) << client.error().to_string();
        client_ = *std::move(client);
    }

    // To the primary of the key, which is the first word after the name.
    redis::Reply ask(std::initializer_list<std::string> words) {
        redis::Request request{redis::slot_of(*(words.begin() + 1)),
                               redis::Command(*words.begin())};
        for (auto word = words.begin() + 1; word != words.end(); ++word) {
            request.command.add(*word);
        }
        return send(std::move(request));
    }
    redis::Reply send(redis::Request request) {
        request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        auto promise = std::make_shared<std::promise<Result<redis::Reply>>>();
        auto answer = promise->get_future();
        client_->send(std::move(request), [promise](Result<redis::Reply> reply) {
            promise->set_value(std::move(reply));
        });
        Result<redis::Reply> reply = answer.get();
        EXPECT_TRUE(reply) << reply.error().to_string();
        return reply ? *std::move(reply) : redis::Reply();
    }
    // All keys of the partition.
    std::vector<std::string> keys_of(Partition partition) {
        std::vector<std::string> found;
        std::string cursor = "0";
        do {
            redis::Request request{keys.slot(partition), redis::Command("SCAN")};
            request.command.add(cursor).add("MATCH").add(pattern(partition));
            request.command.add("COUNT").add(10'000);
            const redis::Reply page = send(std::move(request));
            cursor = std::string(page.view()[0].text());
            for (std::size_t at = 0; at < page.view()[1].size(); ++at) {
                found.emplace_back(page.view()[1][at].text());
            }
        } while (cursor != "0");
        return found;
    }
    void on_all_primaries(const std::vector<std::string>& words) {
        for (const redis::PrimaryStatus& primary : client_->status().primaries) {
            redis::Request request{std::nullopt, redis::Command(words.front())};
            for (std::size_t at = 1; at < words.size(); ++at) {
                request.command.add(words[at]);
            }
            request.primary = primary.address;
            send(std::move(request));
        }
    }
    redis::Client& client() { return *client_; }

    const Keys keys;

  private:
    [[nodiscard]] std::string pattern(Partition partition) const {
        return keys.base(partition) + "*";
    }

    std::unique_ptr<redis::Client> client_;
};

}  // namespace fermata::redis_store
