// RedisCheck: connects to every node as the server would, and looks at all that the server needs.
//
// It writes only keys of its own below the cluster's prefix, with a time to live, and removes them.
// Threads: the caller's, which waits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/check_report.h"
#include "redis/probe.h"
#include "redis/topology.h"
#include "redis_store/options.h"

namespace fermata::app {

class RedisCheck {
  public:
    // Both must outlive it.
    RedisCheck(const redis_store::Options& options, CheckReport& report);
    RedisCheck(const RedisCheck&) = delete;
    RedisCheck& operator=(const RedisCheck&) = delete;
    ~RedisCheck();

    void run();

  private:
    // The connected probe, or null when a step failed, which is in the report then.
    std::unique_ptr<redis::Probe> connect(const redis::Address& address);
    bool start_tls(redis::Probe& probe);
    bool log_in(redis::Probe& probe);
    // Once, on the first node that is reached: the rights are the same on all as a rule.
    void check_rights(redis::Probe& probe);
    void check_topology(redis::Probe& probe);
    void check_coverage(const redis::Topology& topology);
    void check_server(redis::Probe& probe);
    // What the primary is moving; check_moves() looks at what all of them said.
    void note_moves(redis::Probe& probe);
    void check_moves();
    void check_replicas(const std::map<std::string, std::string>& info);
    void check_memory(const std::map<std::string, std::string>& info);
    void check_persistence(const std::map<std::string, std::string>& info);
    void check_settings(redis::Probe& probe);
    void check_trial_commits(redis::Probe& probe, const redis::Shard& shard);
    // How many replicas confirmed it.
    Result<std::uint64_t> commit_trial(redis::Probe& probe, const std::string& key,
                                       unsigned wanted);
    void check_layout(redis::Probe& probe);

    // An answer that is no error, as text; reports nothing.
    static Result<redis::Reply> ask(redis::Probe& probe, const redis::Command& command);
    static std::map<std::string, std::string> info_of(redis::Probe& probe);
    void fine(const std::string& step, const std::string& text);
    void note(const std::string& step, const std::string& text, const std::string& advice = {});
    void warn(const std::string& step, const std::string& text, const std::string& advice = {});
    void fail(const std::string& step, const std::string& text, const std::string& advice = {});
    void add(Severity severity, const std::string& step, const std::string& text,
             const std::string& advice);

    const redis_store::Options& options_;
    CheckReport& report_;
    std::string place_;
    std::string user_;
    std::set<redis::Address> met_;
    bool is_known_ = false;  // the node that is being connected to
    redis::Topology topology_;
    std::map<redis::Address, redis::MovingSlots> moving_;
};

}  // namespace fermata::app
