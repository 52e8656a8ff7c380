// World's faults.
#include <string>
#include <utility>

#include "cluster/sim_world.h"

namespace fermata::cluster::sim {
namespace {

// A process that something happened to may be taken for dead for so long afterwards.
constexpr Time kExcuse = 5 * kSecond;
constexpr Time kForever = 1'000'000 * kSecond;

}  // namespace

void World::break_next() {
    if (mended_) {
        return;
    }
    after(between(100, 1800) * kMillisecond, [this] { break_next(); });
    if (now_ < calm_until_) {
        return;
    }
    const auto kind = static_cast<unsigned>(random_.below(10));
    if (((fault_kinds_ >> kind) & 1U) == 0) {
        return;
    }
    const int shard = static_cast<int>(random_.below(Store::kShards));
    Process* process = pick_process();
    if (kind == 6) {
        lose_writes();
    } else if (kind == 7 && shards_away_ == 0) {
        outage();
    } else if (kind == 8) {
        slow_down();
    } else if (kind <= 1 && shards_away_ == 0) {
        fail_over(shard, between(100, 4000) * kMillisecond);
    } else if (process == nullptr || process->paused || process->cut || process->draining) {
        return;
    } else if (kind == 2) {
        crash(*process);
    } else if (kind == 3) {
        pause(*process);
    } else if (kind == 4) {
        cut(*process);
    } else if (kind == 5) {
        drain(*process);
    } else if (kind == 9) {  // one after the other within a moment
        pause(*process);
        fail_over(0, between(100, 1000) * kMillisecond);
    }
}

void World::crash(Process& process) {
    trace("CRASH of instance " + std::to_string(process.id));
    process.alive = false;
    checker_.excuse(process.id, kForever);
    const int slot = process.slot;
    after(between(50, 6000) * kMillisecond, [this, slot] { start_process(slot); });
}

void World::pause(Process& process) {
    const Time length = between(50, 9000) * kMillisecond;
    trace("PAUSE of instance " + std::to_string(process.id) + " for " +
          std::to_string(length / kMillisecond) + " ms");
    process.paused = true;
    checker_.excuse(process.id, now_ + length + kExcuse);
    after(length, [&process] {
        process.paused = false;
        const auto backlog = std::exchange(process.backlog, {});
        for (const auto& happen : backlog) {
            if (process.alive) {
                happen();
            }
        }
    });
}

void World::cut(Process& process) {
    const Time length = between(300, 7000) * kMillisecond;
    trace("CUT of instance " + std::to_string(process.id) + " for " +
          std::to_string(length / kMillisecond) + " ms");
    process.cut = true;
    checker_.excuse(process.id, now_ + length + kExcuse);
    after(length, [&process] { process.cut = false; });
}

void World::drain(Process& process) {
    trace("DRAIN of instance " + std::to_string(process.id));
    process.draining = true;
    checker_.excuse(process.id, kForever);
    process.instance->drain();
    wait_for_drained(process);
}

void World::wait_for_drained(Process& process) {
    after(100 * kMillisecond, [this, &process] {
        if (!process.alive) {
            return;
        }
        if (process.paused || !process.instance->member().is_drained()) {
            wait_for_drained(process);
            return;
        }
        process.instance->leave();
        // Its last messages get out before the process ends.
        after(200 * kMillisecond, [this, &process] {
            process.alive = false;
            const int slot = process.slot;
            after(between(50, 3000) * kMillisecond, [this, slot] { start_process(slot); });
        });
    });
}

void World::fail_over(int shard, Time down) {
    trace("FAILOVER of shard " + std::to_string(shard) + " for " +
          std::to_string(down / kMillisecond) + " ms");
    checker_.prolong_excuses(now_, down);
    ++shards_away_;
    store_->fail(shard);
    after(down, [this, shard] {
        --shards_away_;
        store_->fail_over(shard);
        for (const auto& process : processes_) {
            Process* told = process.get();
            after(between(1, 1000) * kMillisecond, [this, told, shard] {
                deliver(*told, [told, shard] { told->instance->on_primary_changed(shard); });
            });
        }
    });
}

// The store answers before a replica has the writes, and then goes back. Promised to do no harm
// when it is the only thing that happens: the owners are there, stay owners, and write again.
void World::lose_writes() {
    if (!is_calm()) {
        return;
    }
    calm_until_ = now_ + 9 * kSecond;
    const int shard = static_cast<int>(random_.below(Store::kShards));
    trace("LOSS of writes of shard " + std::to_string(shard));
    store_->set_degraded(shard, true);
    after(between(200, 1000) * kMillisecond,
          [this, shard] { fail_over(shard, between(50, 1000) * kMillisecond); });
}

bool World::is_calm() {
    if (shards_away_ > 0 || slowness_ > 1 || now_ - last_claim_ < 3 * kSecond) {
        return false;
    }
    for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
        const Process* process = current(slot);
        if (process == nullptr || process->paused || process->cut || process->draining ||
            process->instance->member().is_suspended()) {
            return false;
        }
    }
    return find_misplaced().empty();
}

void World::outage() {
    const Time length = between(500, 9000) * kMillisecond;
    trace("OUTAGE for " + std::to_string(length / kMillisecond) + " ms");
    checker_.prolong_excuses(now_, length);
    shards_away_ += Store::kShards;
    for (int shard = 0; shard < Store::kShards; ++shard) {
        store_->fail(shard);
    }
    after(length, [this] {
        shards_away_ -= Store::kShards;
        for (int shard = 0; shard < Store::kShards; ++shard) {
            store_->recover(shard);
        }
    });
}

void World::slow_down() {
    const Time length = between(500, 4000) * kMillisecond;
    slowness_ = between(20, 500);
    trace("SLOW for " + std::to_string(length / kMillisecond) + " ms");
    checker_.excuse_all(now_ + length + kExcuse);
    after(length, [this] { slowness_ = 1; });
}

// Pauses, cuts and failovers that are under way end by themselves; nothing new breaks.
void World::mend_all() {
    mended_ = true;
    loss_per_mille_ = 0;
}

}  // namespace fermata::cluster::sim
