#include "cluster/sim_world.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "cluster/sim_trace.h"

namespace fermata::cluster::sim {
namespace {

constexpr Time kClientPatience = 300 * kMillisecond;
// Clocks run wrong by up to this, in thousandths; the margin of the leases is a little larger.
constexpr std::uint64_t kDriftPerMille = 15;

}  // namespace

World::World(std::uint64_t seed, const WorldOptions& options)
    : options_(options), random_(seed), checker_(kPartitionsMax) {
    partitions_ = static_cast<Partition>(2 + random_.below(6));
    store_ = std::make_unique<Store>(
        partitions_, checker_, options.store_bugs,
        [this](Time delay, std::function<void()> happen) { after(delay, std::move(happen)); });
    const std::uint64_t nodes = 2 + random_.below(3);
    for (std::uint64_t node = 1; node <= nodes; ++node) {
        slots_.push_back(static_cast<store::NodeId>(node));
    }
    if (by_chance(500)) {
        slots_.push_back(1);
    }
    current_.resize(slots_.size());
    loss_per_mille_ = by_chance(500) ? static_cast<unsigned>(random_.below(30)) : 0;
    repeat_per_mille_ = by_chance(500) ? static_cast<unsigned>(random_.below(60)) : 0;
    // Each run knows only some kinds of faults, so that they come in all company.
    fault_kinds_ = static_cast<unsigned>(random_.next());
    newer_per_mille_ = static_cast<unsigned>(random_.below(1001));
}

Outcome World::run() {
    for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
        after(between(0, kSecond), [this, slot] { start_process(slot); });
    }
    after(2 * kSecond, [this] { ask_next(); });
    after(3 * kSecond, [this] { break_next(); });
    while (now_ < options_.faults && checker_.violation().empty() && step()) {
    }
    mend_all();
    std::string trouble = "not checked";
    Time next_check = now_;
    while (checker_.violation().empty() && !trouble.empty() &&
           now_ < options_.faults + options_.recovery_max && step()) {
        if (now_ >= next_check) {
            next_check = now_ + 100 * kMillisecond;
            trouble = find_trouble();
        }
    }
    if (!trouble.empty()) {
        checker_.fail(now_, "after all was mended: " + trouble);
    }
    checker_.finish(*store_, partitions_);
    Outcome outcome;
    outcome.violation = checker_.violation();
    outcome.acknowledged = checker_.acknowledged();
    outcome.recovered_after = now_ - options_.faults;
    outcome.events = next_event_;
    outcome.format = checker_.format_most();
    outcome.refused = refused_;
    for (const auto& process : processes_) {
        const Counters counters = process->instance->member().status(Steady(0)).counters;
        outcome.counters.suspensions += counters.suspensions;
        outcome.counters.resumptions += counters.resumptions;
        outcome.counters.records_lost += counters.records_lost;
        outcome.counters.declared_dead += counters.declared_dead;
        outcome.counters.takeovers += counters.takeovers;
        outcome.counters.claims += counters.claims;
        outcome.counters.releases += counters.releases;
    }
    return outcome;
}

// --- time

void World::after(Time delay, std::function<void()> happen) {
    events_.push_back({now_ + delay, next_event_++, std::move(happen)});
    std::push_heap(events_.begin(), events_.end(), std::greater<>());
}

bool World::step() {
    if (events_.empty()) {
        return false;
    }
    std::pop_heap(events_.begin(), events_.end(), std::greater<>());
    const Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.at;
    event.happen();
    return true;
}

void World::deliver(Process& process, const std::function<void()>& happen) {
    if (!process.alive) {
        return;
    }
    if (process.paused) {
        process.backlog.push_back(happen);
    } else {
        happen();
    }
}

Time World::between(Time least, Time most) {
    return least + static_cast<Time>(random_.below(static_cast<std::uint64_t>(most - least) + 1));
}

Time World::latency() {
    const Time usual = between(200, 1500);
    return (by_chance(20) ? usual * 30 : usual) * slowness_;
}

void World::check_servers(Partition partition) {
    std::size_t servers = 0;
    for (const auto& process : processes_) {
        servers += process->alive && process->instance->may_serve(partition) ? 1 : 0;
    }
    checker_.on_servers(now_, partition, servers);
}

void World::trace(const std::string& what) const {
    if (options_.trace) {
        std::cout << now_ / kMillisecond << " ms: " << what << "\n";
    }
}

// --- processes

World::Process* World::current(int slot) {
    Process* process = processes_.empty() ? nullptr : processes_[current_[slot]].get();
    return process != nullptr && process->alive && process->slot == slot ? process : nullptr;
}

World::Process* World::pick_process() {
    return current(static_cast<int>(random_.below(slots_.size())));
}

void World::start_process(int slot) {
    auto process = std::make_unique<Process>();
    process->slot = slot;
    process->id = processes_.size() + 1;
    MemberOptions options;
    options.timing = options_.timing;
    options.timing.hand_over_window = 2;  // of a handful of partitions
    options.node = slots_[slot];
    options.instance = process->id;
    options.facts.partition_count = partitions_;
    options.facts.format_newest = by_chance(newer_per_mille_) ? 2 : 1;
    Instance::Clock clock;
    clock.offset = between(1, 1000) * kSecond;
    clock.rate = 1 + (static_cast<double>(random_.below(2 * kDriftPerMille + 1)) -
                      static_cast<double>(kDriftPerMille)) /
                         1000;
    process->instance =
        std::make_unique<Instance>(options, clock, options_.instance_bugs, outside_of(*process));
    current_[slot] = processes_.size();
    processes_.push_back(std::move(process));
    processes_.back()->instance->start();
    replace_refused(*processes_.back());
}

// Who does not fit ends, and is replaced by what does.
void World::replace_refused(Process& process) {
    if (!process.alive || process.draining) {
        return;
    }
    if (process.paused || process.instance->member().role() != Role::kRefused) {
        after(200 * kMillisecond, [this, &process] { replace_refused(process); });
        return;
    }
    trace("instance " + std::to_string(process.id) +
          " is refused: " + process.instance->member().status(Steady(0)).refusal);
    ++refused_;
    process.alive = false;
    newer_per_mille_ = 1000;
    const int slot = process.slot;
    after(between(50, 1000) * kMillisecond, [this, slot] { start_process(slot); });
}

void World::check_readers(std::uint32_t format) {
    for (const auto& process : processes_) {
        bool serves = false;
        for (Partition partition = 0; partition < partitions_; ++partition) {
            serves = serves || process->instance->may_serve(partition);
        }
        if (process->alive && serves) {
            checker_.on_written(now_, format, process->instance->format_newest());
        }
    }
}

Instance::Outside World::outside_of(Process& process) {
    Instance::Outside outside;
    outside.now = [this] { return now_; };
    outside.schedule = [this, &process](Time delay, std::function<void()> happen) {
        after(delay, [this, &process, happen = std::move(happen)] { deliver(process, happen); });
    };
    outside.send = [this, &process](int shard, const Request& request,
                                    const std::function<void(Reply)>& respond) {
        send(process, shard, request, respond);
    };
    outside.answer = [this](const Operation& operation, std::size_t events) {
        if (operation.kind == Operation::Kind::kRead) {
            checker_.on_read(now_, operation.partition, events, operation.floor);
        }
        if (!by_chance(loss_per_mille_)) {
            after(latency(), [this, operation, events] {
                on_answer(static_cast<std::size_t>(operation.id) - 1, operation, events);
            });
        }
    };
    outside.on_serving = [this](Partition partition) { check_servers(partition); };
    outside.on_written = [this](std::uint32_t format) { check_readers(format); };
    outside.checker = &checker_;
    if (options_.trace) {
        outside.trace = [this, &process](const Action& action) {
            if (const std::string what = describe(action); !what.empty()) {
                trace("instance " + std::to_string(process.id) + ": " + what);
            }
        };
    }
    return outside;
}

void World::send(Process& process, int shard, const Request& request,
                 const std::function<void(Reply)>& respond) {
    const auto arrive = [this, &process, shard, request, respond] {
        if (process.cut) {
            return;
        }
        if (const auto* write = std::get_if<Write>(&request);
            write != nullptr && std::holds_alternative<ClaimWrite>(*write)) {
            last_claim_ = now_;
        }
        store_->receive(
            now_, shard, request,
            [this, &process, respond](Reply reply) {
                if (process.cut || by_chance(loss_per_mille_)) {
                    return;
                }
                after(latency(), [this, &process, respond, reply = std::move(reply)] {
                    if (!process.cut) {
                        deliver(process, [respond, reply] { respond(reply); });
                    }
                });
            },
            latency());
    };
    if (!by_chance(loss_per_mille_)) {
        after(latency(), arrive);
    }
    if (by_chance(repeat_per_mille_)) {
        after(between(0, 5 * kSecond), arrive);
    }
}

// --- clients

void World::ask_next() {
    if (mended_ && asked_.size() > 20) {
        return;
    }
    Operation operation;
    operation.kind = by_chance(500)   ? Operation::Kind::kEvent
                     : by_chance(300) ? Operation::Kind::kTimer
                                      : Operation::Kind::kRead;
    operation.id = asked_.size() + 1;
    operation.partition = static_cast<Partition>(random_.below(partitions_));
    asked_.push_back({operation, false});
    attempt(asked_.size() - 1);
    after(between(10, 150) * kMillisecond, [this] { ask_next(); });
}

void World::attempt(std::size_t number) {
    if (asked_[number].done) {
        return;
    }
    Operation operation = asked_[number].operation;
    operation.floor = checker_.floor(operation.partition);
    Process* target = pick_process();
    for (const auto& process : processes_) {
        if (process->alive && process->instance->has_lane(operation.partition) && by_chance(800)) {
            target = process.get();
        }
    }
    if (target != nullptr) {
        after(latency(), [this, target, operation] {
            deliver(*target, [target, operation] { target->instance->receive(operation); });
        });
    }
    after(kClientPatience, [this, number] { attempt(number); });
}

void World::on_answer(std::size_t number, const Operation& operation, std::size_t events) {
    asked_[number].done = true;
    if (operation.kind != Operation::Kind::kRead) {
        checker_.on_acknowledged(operation.partition, operation.id, events,
                                 operation.kind == Operation::Kind::kTimer);
    }
}

// --- after the faults

std::string World::find_trouble() {
    if (now_ < calm_until_ || shards_away_ > 0) {
        return "the last fault is not over";
    }
    if (std::string misplaced = find_misplaced(); !misplaced.empty()) {
        return misplaced;
    }
    for (Partition partition = 0; partition < partitions_; ++partition) {
        for (const auto& [timer, due] : store_->partition(partition).timers) {
            if (due + 2 * kSecond < now_) {
                return "timer " + std::to_string(timer) + " is overdue";
            }
        }
    }
    for (const Asked& asked : asked_) {
        if (!asked.done) {
            return "request " + std::to_string(asked.operation.id) + " of partition " +
                   std::to_string(asked.operation.partition) + " is not answered";
        }
    }
    return "";
}

std::string World::find_misplaced() {
    for (Partition partition = 0; partition < partitions_; ++partition) {
        std::size_t servers = 0;
        for (const auto& process : processes_) {
            servers += process->alive && process->instance->may_serve(partition) ? 1 : 0;
        }
        if (servers != 1) {
            return "partition " + std::to_string(partition) + " has " + std::to_string(servers) +
                   " servers";
        }
    }
    for (const auto& process : processes_) {
        const Member& member = process->instance->member();
        const std::string who = "instance " + std::to_string(process->id);
        if (process->alive && member.role() != Role::kActing && member.role() != Role::kStandby) {
            return who + " is " + std::string(to_string(member.role()));
        }
        if (process->alive && member.role() == Role::kActing && !member.status(Steady(0)).settled) {
            return who + " sees partitions out of place";
        }
    }
    return "";
}

}  // namespace fermata::cluster::sim
