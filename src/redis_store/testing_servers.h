// For tests that disturb real servers: moving a slot key by key, and the two servers that have a
// partition. Needs a cluster of with_redis.py.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "redis_store/testing.h"

namespace fermata::redis_store {

// Moves one slot from its primary to another one, as resharding does.
class SlotMove {
  public:
    // To this node, or to any other that serves slots.
    SlotMove(RedisProbe& probe, redis::Slot slot,
             const std::optional<redis::Address>& target = std::nullopt)
        : probe_(probe), slot_(std::to_string(slot)) {
        redis::Request who{slot, redis::Command("CLUSTER")};
        who.command.add("MYID");
        const std::string source_id(probe.send(std::move(who)).view().text());
        for (const redis::PrimaryStatus& primary : probe.client().status().primaries) {
            const std::string id = id_of(primary.address);
            ids_[primary.address] = id;
            if (id == source_id) {
                source_ = primary.address;
            } else {
                target_ = primary.address;
            }
        }
        if (target) {
            target_ = target;
            ids_[*target] = id_of(*target);
        }
    }

    void begin() {
        ask(*target_, {"CLUSTER", "SETSLOT", slot_, "IMPORTING", ids_[*source_]});
        ask(*source_, {"CLUSTER", "SETSLOT", slot_, "MIGRATING", ids_[*target_]});
    }
    // false: there was none left.
    bool move_one_key() {
        const redis::Reply keys = ask(*source_, {"CLUSTER", "GETKEYSINSLOT", slot_, "1"});
        if (keys.view().size() == 0) {
            return false;
        }
        move_key(std::string(keys.view()[0].text()));
        return true;
    }
    void move_key(const std::string& key) {
        ask(*source_, {"MIGRATE", target_->host, std::to_string(target_->port), key, "0", "5000"});
    }
    void end() {
        // The target first, then its source, then the others: as redis-cli does.
        ask(*target_, {"CLUSTER", "SETSLOT", slot_, "NODE", ids_[*target_]});
        ask(*source_, {"CLUSTER", "SETSLOT", slot_, "NODE", ids_[*target_]});
        for (const auto& [address, id] : ids_) {
            if (address != *source_ && address != *target_) {
                ask(address, {"CLUSTER", "SETSLOT", slot_, "NODE", ids_[*target_]});
            }
        }
    }

  private:
    std::string id_of(const redis::Address& address) {
        return std::string(ask(address, {"CLUSTER", "MYID"}).view().text());
    }
    redis::Reply ask(const redis::Address& address, std::initializer_list<std::string> words) {
        redis::Request request{std::nullopt, redis::Command(*words.begin())};
        for (auto word = words.begin() + 1; word != words.end(); ++word) {
            request.command.add(*word);
        }
        request.primary = address;
        return probe_.send(std::move(request));
    }

    RedisProbe& probe_;
    const std::string slot_;
    std::map<redis::Address, std::string> ids_;
    std::optional<redis::Address> source_;
    std::optional<redis::Address> target_;
};

// The primary of a partition and its replica, by the numbers of tests/support/redis_command.py.
class Servers {
  public:
    Servers(RedisProbe& probe, Partition partition) {
        redis::Request who{probe.keys.slot(partition), redis::Command("CLUSTER")};
        who.command.add("MYID");
        const std::string id(probe.send(std::move(who)).view().text());
        for (int number = 0; number < kNodesMax && (primary_ < 0 || replica_ < 0); ++number) {
            if (run("cli", std::to_string(number) + " CLUSTER MYID").find(id) !=
                std::string::npos) {
                primary_ = number;
            } else if (run("cli", std::to_string(number) + " CLUSTER NODES")
                           .find("myself,slave " + id) != std::string::npos) {
                replica_ = number;
            }
        }
        EXPECT_GE(primary_, 0);
        EXPECT_GE(replica_, 0);
    }

    [[nodiscard]] int primary() const { return primary_; }
    [[nodiscard]] int replica() const { return replica_; }
    static void control(const std::string& verb, int node) { run(verb, std::to_string(node)); }
    static void wait_healthy() { run("wait", ""); }
    static void mend() { run("mend", ""); }
    // The replica has all that its primary has.
    [[nodiscard]] bool replica_is_level() const {
        return offset(primary_, "master_repl_offset:") == offset(replica_, "slave_repl_offset:");
    }

  private:
    static constexpr int kNodesMax = 12;

    static std::string run(const std::string& verb, const std::string& arguments) {
        const std::string line =
            test_environment("FERMATA_TEST_REDIS_CONTROL") + " " + verb + " " + arguments + " 2>&1";
        std::FILE* const pipe = ::popen(line.c_str(), "r");
        std::string output;
        std::array<char, 4096> bytes{};
        while (pipe != nullptr) {
            const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe);
            if (count == 0) {
                break;
            }
            output.append(bytes.data(), count);
        }
        EXPECT_EQ(::pclose(pipe), 0) << line << "\n" << output;
        return output;
    }
    static std::string offset(int node, const std::string& name) {
        const std::string info = run("cli", std::to_string(node) + " INFO replication");
        const std::size_t at = info.find(name);
        return at == std::string::npos
                   ? std::to_string(node) + " has no " + name
                   : info.substr(at + name.size(),
                                 info.find_first_of("\r\n\\", at) - at - name.size());
    }

    int primary_ = -1;
    int replica_ = -1;
};

}  // namespace fermata::redis_store
