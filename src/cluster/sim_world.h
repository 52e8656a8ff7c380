// World: one run of the simulation. Everything that happens follows from the seed: which nodes
// there are, how their clocks run, what clients ask, what breaks and when. After a while all is
// mended, and everything must work again within a bound.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "cluster/sim_checker.h"
#include "cluster/sim_instance.h"
#include "cluster/sim_store.h"

namespace fermata::cluster::sim {

struct WorldOptions {
    StoreBugs store_bugs;
    InstanceBugs instance_bugs;
    Timing timing;
    Time faults = 20 * kSecond;
    bool trace = false;                // to standard output
    Time recovery_max = 25 * kSecond;  // after the faults
};

struct Outcome {
    std::string violation;  // empty: none
    std::size_t acknowledged = 0;
    Time recovered_after = 0;   // the end of the faults
    std::uint64_t events = 0;   // steps of the simulation
    Counters counters;          // of all instances
    std::uint32_t format = 0;   // the newest that anything was written in
    std::uint64_t refused = 0;  // instances
};

class World {
  public:
    World(std::uint64_t seed, const WorldOptions& options);

    Outcome run();

  private:
    struct Process {
        int slot = 0;
        std::uint64_t id = 0;
        std::unique_ptr<Instance> instance;
        bool alive = true;
        bool paused = false;
        bool cut = false;
        bool draining = false;
        std::vector<std::function<void()>> backlog;  // what reached it while it stood still
    };
    struct Event {
        Time at = 0;
        std::uint64_t number = 0;
        std::function<void()> happen;
        bool operator>(const Event& other) const {
            return at != other.at ? at > other.at : number > other.number;
        }
    };
    struct Asked {
        Operation operation;
        bool done = false;
    };

    // --- time
    void after(Time delay, std::function<void()> happen);
    bool step();
    void check_servers(Partition partition);
    // Happens in the process, after it stood still; not when it is gone.
    void deliver(Process& process, const std::function<void()>& happen);
    [[nodiscard]] Time between(Time least, Time most);
    [[nodiscard]] bool by_chance(unsigned per_mille) { return random_.below(1000) < per_mille; }
    [[nodiscard]] Time latency();

    // --- processes
    void start_process(int slot);
    void replace_refused(Process& process);
    void check_readers(std::uint32_t format);
    Instance::Outside outside_of(Process& process);
    void send(Process& process, int shard, const Request& request,
              const std::function<void(Reply)>& respond);
    [[nodiscard]] Process* current(int slot);
    [[nodiscard]] Process* pick_process();

    // --- clients
    void ask_next();
    void attempt(std::size_t number);
    void on_answer(std::size_t number, const Operation& operation, std::size_t events);

    // --- faults
    void trace(const std::string& what) const;
    void break_next();
    void crash(Process& process);
    void pause(Process& process);
    void cut(Process& process);
    void drain(Process& process);
    void wait_for_drained(Process& process);
    void fail_over(int shard, Time down);
    void lose_writes();
    void outage();
    void slow_down();
    void mend_all();
    // All is well for long enough that one fault more is the only one.
    [[nodiscard]] bool is_calm();
    [[nodiscard]] std::string find_trouble();
    // A partition without a server, or where it should not stay.
    [[nodiscard]] std::string find_misplaced();

    const WorldOptions options_;
    Random random_;
    Checker checker_;
    Partition partitions_ = 0;
    Time now_ = 0;
    std::vector<Event> events_;  // a heap
    std::uint64_t next_event_ = 0;
    std::unique_ptr<Store> store_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::vector<store::NodeId> slots_;  // node of each; two slots of one node: primary and backup
    std::vector<std::size_t> current_;  // process of each slot
    std::vector<Asked> asked_;
    unsigned loss_per_mille_ = 0;
    unsigned repeat_per_mille_ = 0;
    unsigned fault_kinds_ = 0;
    unsigned newer_per_mille_ = 0;  // of the processes: they know a newer record format
    std::uint64_t refused_ = 0;
    Time slowness_ = 1;
    Time last_claim_ = 0;
    Time calm_until_ = 0;
    int shards_away_ = 0;
    bool mended_ = false;
};

}  // namespace fermata::cluster::sim
