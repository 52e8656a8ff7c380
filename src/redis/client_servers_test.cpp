// The client on real servers in good health: a cluster or a stand-alone one, with or without TLS
// and ACL; ctest runs this beside each of them.
#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "redis/client.h"
#include "redis/script.h"
#include "redis/test_servers.h"

namespace fermata::redis {
namespace {

constexpr std::string_view kKey = "ORS:client:{one}";

std::string key_number(int number) {
    return "ORS:client:{" + std::to_string(number) + "}";
}

class ClientServersTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(ask(*client_, write_request(kKey, Command("DEL").add(kKey))));
    }

    std::unique_ptr<Client> client_ = open_client(TestServers::options());
};

TEST_F(ClientServersTest, WritesToAllPrimariesAndReadsBack) {
    constexpr int kKeys = 500;
    std::vector<std::future<Result<Reply>>> written;
    written.reserve(kKeys);
    for (int number = 0; number < kKeys; ++number) {
        written.push_back(ask_later(
            *client_,
            write_request(key_number(number), Command("SET").add(key_number(number)).add(number))));
    }
    for (auto& answer : written) {
        const Result<Reply> reply = wait_for(answer);
        ASSERT_TRUE(reply) << reply.error().to_string();
        EXPECT_EQ(reply->view().text(), "OK");
        EXPECT_GE(reply->replicas(), TestServers::options().wait_replicas);
    }

    for (int number = 0; number < kKeys; ++number) {
        const Result<Reply> reply =
            ask(*client_, read_request(key_number(number), Command("GET").add(key_number(number))));
        ASSERT_TRUE(reply) << reply.error().to_string();
        EXPECT_EQ(reply->view().integer(), number);
    }
    EXPECT_EQ(client_->status().primaries.size(), TestServers::are_standalone() ? 1U : 3U);
}

TEST_F(ClientServersTest, BytesOfAnyKindAndSizeComeBackAsTheyWere) {
    std::string bytes(3U << 20U, '\0');
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        bytes[index] = static_cast<char>(index * 7 + index / 256);
    }

    ASSERT_TRUE(ask(*client_, write_request(kKey, Command("SET").add(kKey).add(bytes))));
    const Result<Reply> reply = ask(*client_, read_request(kKey, Command("GET").add(kKey)));

    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_TRUE(reply->view().text() == bytes);
}

TEST_F(ClientServersTest, WritesSentTogetherShareBatches) {
    constexpr std::uint64_t kWrites = 600;
    std::vector<std::future<Result<Reply>>> written;
    client_->post([&, client = client_.get()] {
        for (std::uint64_t number = 0; number < kWrites; ++number) {
            written.push_back(ask_later(
                *client, write_request(kKey, Command("HINCRBY").add(kKey).add("counter").add(1))));
        }
    });
    ASSERT_TRUE(comes_true([&] { return client_->status().counters.answers > kWrites; }));

    const Counters counters = client_->status().counters;
    EXPECT_EQ(counters.batched_requests, kWrites + 1);  // and that of SetUp
    EXPECT_LE(counters.batches, 5U);                    // of at most 256 requests
    EXPECT_EQ(counters.retries, 0U);
}

TEST_F(ClientServersTest, AScriptIsLoadedWhereItIsMissing) {
    const Script script("return {KEYS[1], ARGV[1] .. '" + std::to_string(std::random_device()()) +
                        "'}");
    const Script same_for_reads(script.text() + " -- read");
    for (int number = 0; number < 20; ++number) {
        const std::string key = key_number(number);
        const Result<Reply> written =
            ask(*client_, write_request(key, Command(script, {key}).add("argument")));
        ASSERT_TRUE(written) << written.error().to_string();
        EXPECT_EQ(written->view()[0].text(), key);
        EXPECT_TRUE(written->view()[1].text().starts_with("argument"));
        const Result<Reply> read =
            ask(*client_, read_request(key, Command(same_for_reads, {key}).add("argument")));
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(read->view()[0].text(), key);
    }
}

TEST_F(ClientServersTest, ScriptsSurviveAFlush) {
    const Script script("return redis.call('HINCRBY', KEYS[1], 'rounds', 1)");
    const std::string key = key_number(1);
    ASSERT_TRUE(ask(*client_, write_request(key, Command("DEL").add(key))));
    for (int round = 1; round <= 3; ++round) {
        const Result<Reply> reply = ask(*client_, write_request(key, Command(script, {key})));
        ASSERT_TRUE(reply) << reply.error().to_string();
        EXPECT_EQ(reply->view().integer(), round);
        TestServers::control("flush-scripts");
    }
}

TEST_F(ClientServersTest, AScriptThatDoesNotCompileIsAnAnswer) {
    const Script script("this is no Lua");

    const Result<Reply> written = ask(*client_, write_request(kKey, Command(script, {kKey})));
    const Result<Reply> read = ask(*client_, read_request(kKey, Command(script, {kKey})));

    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), ErrorCode::kInternal);
    EXPECT_NE(written.error().message().find("compiling"), std::string::npos)
        << written.error().message();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kInternal);
}

TEST_F(ClientServersTest, AnErrorThatRepeatingDoesNotMendIsAnAnswer) {
    ASSERT_TRUE(ask(*client_, write_request(kKey, Command("SET").add(kKey).add("x"))));

    const Result<Reply> reply =
        ask(*client_, write_request(kKey, Command("HSET").add(kKey).add("a").add("b")));

    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), ErrorCode::kInternal);
    EXPECT_TRUE(reply.error().message().starts_with("WRONGTYPE")) << reply.error().message();
    EXPECT_EQ(client_->status().counters.retries, 0U);
}

TEST_F(ClientServersTest, RequestsOfOneSlotKeepTheirOrder) {
    std::vector<std::future<Result<Reply>>> written;
    client_->post([&, client = client_.get()] {
        for (int number = 0; number < 200; ++number) {
            written.push_back(ask_later(
                *client,
                write_request(kKey, Command("XADD").add(kKey).add("*").add("number").add(number))));
        }
    });
    ASSERT_TRUE(comes_true([&] { return client_->status().counters.answers >= 201; }));

    const Result<Reply> list =
        ask(*client_, read_request(kKey, Command("XRANGE").add(kKey).add("-").add("+")));
    ASSERT_TRUE(list);
    ASSERT_EQ(list->view().size(), 200U);
    for (std::size_t number = 0; number < 200; ++number) {
        EXPECT_EQ(list->view()[number][1][1].integer(), static_cast<std::int64_t>(number));
    }
}

TEST_F(ClientServersTest, ManyThreadsSendAtOnce) {
    constexpr int kThreads = 4;
    constexpr int kEach = 500;
    std::atomic<int> answered{0};
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([this, thread, &answered] {
            for (int number = 0; number < kEach; ++number) {
                const std::string key = key_number(number);
                client_->send(
                    write_request(key,
                                  Command("ZADD").add(key + "threads").add(thread).add(thread)),
                    [&answered](const Result<Reply>& reply) { answered += reply ? 1 : 0; });
            }
        });
    }
    threads.clear();
    EXPECT_TRUE(comes_true([&answered] { return answered == kThreads * kEach; })) << answered;
}

TEST_F(ClientServersTest, ARequestWithoutSlotGoesToAnyPrimaryAndOneWithAddressToThatOne) {
    EXPECT_TRUE(ask(*client_, {.slot = {}, .command = Command("PING")}));
    for (const PrimaryStatus& primary : client_->status().primaries) {
        const Result<Reply> info =
            ask(*client_,
                {.slot = {}, .command = Command("INFO").add("server"), .primary = primary.address});
        ASSERT_TRUE(info) << info.error().to_string();
        EXPECT_NE(info->view().text().find("tcp_port:" + std::to_string(primary.address.port)),
                  std::string_view::npos);
    }
    const Result<Reply> nobody =
        ask(*client_, {.slot = {}, .command = Command("PING"), .primary = Address{"127.0.0.1", 1}});
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code(), ErrorCode::kNotFound);
}

TEST_F(ClientServersTest, TasksRunOnTheClientsThreadInOrder) {
    std::vector<int> order;
    std::promise<void> done;
    EXPECT_FALSE(client_->on_own_thread());
    client_->post([&] {
        order.push_back(client_->on_own_thread() ? 1 : -1);
        client_->after(std::chrono::milliseconds(1), [&] {
            order.push_back(client_->on_own_thread() ? 3 : -3);
            done.set_value();
        });
    });
    client_->post([&] { order.push_back(2); });
    ASSERT_EQ(done.get_future().wait_for(kTestPatience), std::future_status::ready);
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_F(ClientServersTest, WhatWaitsBeyondTheLimitIsRefused) {
    Options options = TestServers::options();
    options.in_flight_bytes_max = 100'000;
    const std::unique_ptr<Client> client = open_client(options);
    const std::string bytes(30'000, 'x');
    std::vector<std::future<Result<Reply>>> answers;
    client->post([&] {
        for (int number = 0; number < 5; ++number) {
            answers.push_back(
                ask_later(*client, write_request(kKey, Command("SET").add(kKey).add(bytes))));
        }
    });
    ASSERT_TRUE(comes_true([&] { return client->status().counters.answers == 5; }));

    int refused = 0;
    for (auto& answer : answers) {
        const Result<Reply> reply = wait_for(answer);
        refused += !reply && reply.error().code() == ErrorCode::kOverloaded ? 1 : 0;
    }
    EXPECT_EQ(refused, 2);
    EXPECT_TRUE(ask(*client, write_request(kKey, Command("SET").add(kKey).add(bytes))));
    EXPECT_TRUE(comes_true([&] { return client->status().bytes_waiting == 0; }));
}

TEST_F(ClientServersTest, ABatchHasABoundOfBytes) {
    Options options = TestServers::options();
    options.batch_bytes_max = 30'000;
    const std::unique_ptr<Client> client = open_client(options);
    const std::string bytes(20'000, 'x');
    client->post([&] {
        for (int number = 0; number < 20; ++number) {
            client->send(write_request(kKey, Command("SET").add(kKey).add(bytes)),
                         [](const Result<Reply>& /*reply*/) {});
        }
    });
    ASSERT_TRUE(comes_true([&] { return client->status().counters.answers == 20; }));

    EXPECT_EQ(client->status().counters.batches, 10U);
}

TEST_F(ClientServersTest, ReadsBeyondTheLimitTakeTheirTurn) {
    constexpr std::uint64_t kReads = 200;
    Options options = TestServers::options();
    options.reads_in_flight_max = 1;
    const std::unique_ptr<Client> client = open_client(options);
    client->post([&] {
        for (std::uint64_t number = 0; number < kReads; ++number) {
            client->send(read_request(kKey, Command("GET").add(kKey)),
                         [](const Result<Reply>& /*reply*/) {});
        }
    });
    EXPECT_TRUE(comes_true([&] { return client->status().counters.answers == kReads; }));
}

TEST_F(ClientServersTest, AnAnswerWithTooManyElementsIsNotTaken) {
    for (int number = 0; number < 40; ++number) {
        ASSERT_TRUE(
            ask(*client_, write_request(kKey, Command("ZADD").add(kKey).add(1).add(number))));
    }
    Options options = TestServers::options();
    options.reply_elements_max = 39;
    const std::unique_ptr<Client> client = open_client(options);
    Request request = read_request(kKey, Command("ZRANGE").add(kKey).add(0).add(-1));
    request.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);

    const Result<Reply> reply = ask(*client, std::move(request));

    EXPECT_FALSE(reply);
    EXPECT_TRUE(ask(*client, read_request(kKey, Command("ZRANGE").add(kKey).add(0).add(5))));
    EXPECT_GT(client->status().counters.connection_losses, 0U);
}

TEST_F(ClientServersTest, ClosingAnswersWhatIsLeft) {
    constexpr int kRequests = 2'000;
    std::atomic<int> answered{0};
    std::atomic<int> refused{0};
    for (int number = 0; number < kRequests; ++number) {
        client_->send(write_request(key_number(number), Command("PING")),
                      [&](const Result<Reply>& reply) {
                          ++answered;
                          refused += !reply && reply.error().code() == ErrorCode::kUnavailable;
                      });
    }
    client_->close();
    EXPECT_EQ(answered, kRequests);

    client_->send(write_request(kKey, Command("PING")),
                  [&](const Result<Reply>& reply) { answered += reply ? 0 : 1; });
    client_->close();
    EXPECT_EQ(answered, kRequests + 1);
}

}  // namespace
}  // namespace fermata::redis
