// Three engines on one store that loses answers and refuses commits, while partitions move, leases
// run out, engines crash and hints get lost, all by chance: nothing that a client was told is lost,
// and nothing happens twice.
//
// FERMATA_SEED repeats the choices of a run (not the turns of its threads).
#include <array>
#include <cstdlib>
#include <iostream>

#include "base/random.h"
#include "engine/engine_cluster_fixture.h"

namespace fermata::engine {
namespace {

// Refuses some commits and appends, and loses the answers to others.
class FlakyStore final : public store::ForwardingStore {
  public:
    FlakyStore(store::Store& inner, std::uint64_t seed) : ForwardingStore(inner), random_(seed) {}

    void calm_down() {
        const std::lock_guard lock(mutex_);
        is_calm_ = true;
    }
    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override {
        switch (next()) {
            case Fate::kMade:
                inner().commit(std::move(batch), std::move(done));
                break;
            case Fate::kUntold:
                inner().commit(std::move(batch), [](const Result<store::CommitAnswer>&) {});
                done(Error(ErrorCode::kTimeout, "the answer was lost"));
                break;
            case Fate::kRefused:
                done(Error(ErrorCode::kUnavailable, "the medium is not there"));
                break;
        }
    }
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override {
        switch (append.from ? next() : Fate::kMade) {
            case Fate::kMade:
                inner().append_inbox(std::move(append), std::move(done));
                break;
            case Fate::kUntold:
                inner().append_inbox(std::move(append), [](const Result<store::InboxAnswer>&) {});
                done(Error(ErrorCode::kTimeout, "the answer was lost"));
                break;
            case Fate::kRefused:
                done(Error(ErrorCode::kUnavailable, "the medium is not there"));
                break;
        }
    }

  private:
    enum class Fate : std::uint8_t { kMade, kUntold, kRefused };

    Fate next() {
        const std::lock_guard lock(mutex_);
        const std::uint64_t chance = random_.below(30);
        return is_calm_ || chance > 1 ? Fate::kMade : chance == 0 ? Fate::kUntold : Fate::kRefused;
    }

    std::mutex mutex_;
    Random random_;
    bool is_calm_ = false;
};

// Counts what the workers tell it.
constexpr const char* kSink = R"(
  <datamodel><data id="began" expr="0"/><data id="child" expr="0"/><data id="rang" expr="0"/>
    <data id="ups" expr="0"/></datamodel>
  <state id="count">
    <transition event="began"><assign location="began" expr="began + 1"/></transition>
    <transition event="child"><assign location="child" expr="child + 1"/></transition>
    <transition event="rang"><assign location="rang" expr="rang + 1"/></transition>
    <transition event="up"><assign location="ups" expr="ups + 1"/></transition>
  </state>)";

std::string worker(const std::string& sink) {
    const std::string tell = R"( target=")" + sink + R"("/>)";
    return R"(
  <datamodel><data id="ups" expr="0"/></datamodel>
  <state id="work">
    <onentry><send event="began")" +
           tell + R"(<send event="ring" delay="3s"/></onentry>
    <state id="invoking">
      <invoke id="c"><content><scxml version="1.0" xmlns="http://www.w3.org/2005/07/scxml">
        <state id="s"><onentry><send target="#_parent" event="hello"/></onentry><transition target="f"/></state>
        <final id="f"/></scxml></content></invoke>
      <transition event="done.invoke.c" target="waiting"><send event="child")" +
           tell + R"(</transition>
    </state>
    <state id="waiting"><transition event="ring" target="over"><send event="rang")" +
           tell + R"(</transition></state>
    <state id="over"/>
    <transition event="up"><assign location="ups" expr="ups + 1"/><send event="up")" +
           tell + R"(</transition>
  </state>)";
}

std::uint64_t chosen_seed() {
    const char* const text = std::getenv("FERMATA_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : Random::from_entropy().next();
}

class EngineClusterSimulation : public EngineFixture {
  public:
    ~EngineClusterSimulation() override { clear(); }

  protected:
    static constexpr std::size_t kInstances = 3;
    static constexpr int kWorkers = 4;
    static constexpr int kUps = 3;
    static constexpr std::chrono::milliseconds kPatience{60};

    struct Member {
        std::unique_ptr<FlakyStore> store;
        FakeOutside outside;
        ManualOwnership ownership;
        std::unique_ptr<Engine> engine;
    };

    void clear() {
        for (Member& member : members_) {
            member.engine.reset();
        }
    }
    void begin(std::size_t number) {
        Member& member = members_[number];
        member.engine.reset();
        member.store = std::make_unique<FlakyStore>(*store_, random_.next());
        Options options = options_;
        options.node = static_cast<std::uint32_t>(number + 1);
        options.seed = random_.next();
        options.recovery_wait = std::chrono::milliseconds(0);
        auto engine =
            Engine::create(options, *member.store, member.outside, clock_, &member.ownership);
        ASSERT_TRUE(engine);
        member.engine = *std::move(engine);
    }
    std::size_t any_member() { return static_cast<std::size_t>(random_.below(kInstances)); }

    // --- what happens to partitions
    void give(Partition partition, std::size_t number) {
        const auto epoch = wait_for<store::Epoch>([&](auto done) {
            store_->claim(partition, static_cast<std::uint32_t>(number + 1), std::move(done));
        });
        ASSERT_TRUE(epoch);
        // As cluster/ does it: what was held before is dropped before it is claimed again.
        members_[number].engine->drop_partition(partition);
        members_[number].ownership.hold(partition);
        members_[number].engine->open_partition(partition, *epoch);
        owners_[partition] = number;
    }
    // Without a word; its lease is over, as the protocol has it, before another claims.
    void lose(Partition partition) {
        if (owners_[partition]) {
            Member& owner = members_[*owners_[partition]];
            owner.ownership.let_go(partition);
            if (random_.below(2) == 0) {
                owner.engine->drop_partition(partition);
            }
            owners_[partition].reset();
        }
    }
    void hand_over(Partition partition) {
        if (!owners_[partition]) {
            return;
        }
        Member& owner = members_[*owners_[partition]];
        auto closed = std::make_shared<std::promise<void>>();
        auto is_closed = closed->get_future();
        owner.engine->close_partition(partition, [closed] { closed->set_value(); });
        is_closed.wait_for(kPatience);
        owner.ownership.let_go(partition);
        owner.engine->drop_partition(partition);
        owners_[partition].reset();
    }
    void suspend_a_while() {
        const std::size_t number = any_member();
        Member& member = members_[number];
        member.ownership.set_lease(false);
        member.engine->suspend_partitions();
        play_some();
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            if (owners_[partition] == number && random_.below(3) == 0) {
                lose(partition);
            }
        }
        member.ownership.set_lease(true);
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            member.engine->resume_partition(partition);
        }
    }
    void crash() {
        const std::size_t number = any_member();
        for (std::optional<std::size_t>& owner : owners_) {
            if (owner == number) {
                owner.reset();
            }
        }
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            members_[number].ownership.let_go(partition);
        }
        begin(number);
    }
    // Partitions whose lane had to start over belong to nobody until they are given again.
    void notice_lost() {
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            const auto& owner = owners_[partition];
            if (owner && !members_[*owner].ownership.serves(partition)) {
                owners_[partition].reset();
            }
        }
    }
    void give_some(std::uint64_t of_ten) {
        notice_lost();
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            if (!owners_[partition] && random_.below(10) < of_ten) {
                give(partition, any_member());
            }
        }
    }
    void hint_some() {
        for (Member& member : members_) {
            for (Partition partition = 0; partition < kPartitions; ++partition) {
                if (random_.below(2) == 0) {
                    member.engine->read_inbox(partition);
                }
            }
        }
    }

    // --- what the client does: the same request again until it is told that it happened
    template <typename T>
    static std::optional<Result<T>> within_patience(const std::function<void(Answer<T>)>& call) {
        auto promise = std::make_shared<std::promise<Result<T>>>();
        auto future = promise->get_future();
        call([promise](Result<T> told) { promise->set_value(std::move(told)); });
        if (future.wait_for(kPatience) != std::future_status::ready) {
            return std::nullopt;
        }
        return future.get();
    }
    Engine& engine_for(Partition partition) {
        const auto& owner = owners_[partition];
        return *members_[owner && random_.below(8) > 0 ? *owner : any_member()].engine;
    }
    bool start_named(const std::string& name, const std::string& document) {
        StartRequest request;
        request.id = name;
        request.document = document;
        const auto told = within_patience<StartOutcome>([&](auto done) {
            engine_for(SessionId::from_name(name, kPartitions).partition())
                .start(request, std::move(done));
        });
        if (told && !*told && told->error().code() == ErrorCode::kConflict) {
            // It is there, or still on its way: only what is shown is durable.
            const auto shown = within_patience<SessionView>([&](auto done) {
                engine_for(SessionId::from_name(name, kPartitions).partition())
                    .query(name, std::move(done));
            });
            return shown && *shown;
        }
        return told && *told;
    }
    bool send_up(const std::string& name, const std::string& key) {
        const Partition partition = SessionId::from_name(name, kPartitions).partition();
        EventRequest request;
        request.session = name;
        request.event.name = "up";
        request.idempotency_key = key;
        if (!owners_[partition]) {
            const auto taken = within_patience<InboxReceipt>([&](auto done) {
                members_[any_member()].engine->append_event(request, std::move(done));
            });
            return taken && *taken;
        }
        const auto told = within_patience<EventAnswer>(
            [&](auto done) { engine_for(partition).send(request, std::move(done)); });
        return told && *told;
    }
    static std::string worker_name(int number) { return "worker-" + std::to_string(number); }
    // One attempt of the next step of a worker, or of the sink.
    void play(int number) {
        if (!has_sink_) {
            has_sink_ = start_named("sink", chart(kSink, "datamodel='ecmascript'"));
            return;
        }
        int& progress = progress_[static_cast<std::size_t>(number)];
        const std::string name = worker_name(number);
        const std::string sink = "#_scxml_" + SessionId::from_name("sink", kPartitions).to_string();
        if (progress == 0) {
            progress += start_named(name, chart(worker(sink), "datamodel='ecmascript'")) ? 1 : 0;
        } else if (progress <= kUps) {
            progress += send_up(name, name + "-" + std::to_string(progress)) ? 1 : 0;
        }
    }
    void play_some() {
        for (int count = 0; count < 3; ++count) {
            play(static_cast<int>(random_.below(kWorkers)));
        }
        clock_.advance(std::chrono::milliseconds(random_.below(300)));
    }
    void happen() {
        const auto partition = static_cast<Partition>(random_.below(kPartitions));
        switch (random_.below(8)) {
            case 0:
                crash();
                break;
            case 1:
                suspend_a_while();
                break;
            case 2:
            case 3:
                lose(partition);
                break;
            case 4:
            case 5:
                hand_over(partition);
                break;
            default:
                break;
        }
        hint_some();
        give_some(7);
        play_some();
    }

    Result<SessionView> ask(const std::string& name) {
        const auto& owner = owners_[SessionId::from_name(name, kPartitions).partition()];
        if (!owner) {
            return Error(ErrorCode::kUnavailable, "nobody owns it");
        }
        return wait_for<SessionView>(
            [&](auto done) { members_[*owner].engine->query(name, std::move(done)); });
    }
    std::string item(const std::string& name, const std::string& what) {
        const auto view = ask(name);
        return view ? data(*view, what) : view.error().to_string();
    }
    bool is_over() {
        for (int number = 0; number < kWorkers; ++number) {
            play(number);
            const auto view = ask(worker_name(number));
            if (progress_[static_cast<std::size_t>(number)] <= kUps || !view ||
                !is_in(*view, "over")) {
                return false;
            }
        }
        return item("sink", "rang") == std::to_string(kWorkers) &&
               item("sink", "ups") == std::to_string(kWorkers * kUps);
    }
    void run_world() {
        clear();
        store_ = std::make_unique<store::MemoryStore>(store::MemoryOptions{kPartitions, {}});
        has_sink_ = false;
        progress_ = {};
        owners_ = {};
        for (std::size_t number = 0; number < kInstances; ++number) {
            begin(number);
            for (Partition partition = 0; partition < kPartitions; ++partition) {
                members_[number].ownership.let_go(partition);
            }
        }
        give_some(10);
        for (int step = 0; step < 30; ++step) {
            happen();
        }
        for (Member& member : members_) {
            member.store->calm_down();
        }
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!is_over() && std::chrono::steady_clock::now() < deadline) {
            give_some(10);
            clock_.advance(std::chrono::milliseconds(100));
        }
        EXPECT_EQ(item("sink", "began"), std::to_string(kWorkers));
        EXPECT_EQ(item("sink", "child"), std::to_string(kWorkers));
        EXPECT_EQ(item("sink", "rang"), std::to_string(kWorkers));
        EXPECT_EQ(item("sink", "ups"), std::to_string(kWorkers * kUps));
        for (int number = 0; number < kWorkers; ++number) {
            EXPECT_EQ(item(worker_name(number), "ups"), std::to_string(kUps));
        }
    }

    Random random_{1};
    std::array<Member, kInstances> members_;
    std::array<std::optional<std::size_t>, kPartitions> owners_;
    bool has_sink_ = false;
    std::array<int, kWorkers> progress_{};
};

TEST_F(EngineClusterSimulation, WhateverHappensToOwnersNothingIsLostOrDoubled) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "FERMATA_SEED=" << seed << "\n";
    random_ = Random(seed);
    for (int world = 0; world < 40; ++world) {
        SCOPED_TRACE("FERMATA_SEED=" + std::to_string(seed) + ", world " + std::to_string(world));
        run_world();
        if (HasFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace fermata::engine
