// EngineClusterFixture: two engines on one MemoryStore and one ManualClock, and a test that decides
// who owns which partition. For tests.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine_fixture.h"
#include "engine/ownership.h"
#include "store/away_store.h"

namespace fermata::engine {

// Leases that the test gives and takes.
class ManualOwnership final : public Ownership {
  public:
    [[nodiscard]] bool serves(Partition partition) const override {
        const std::lock_guard lock(mutex_);
        return has_lease_ && held_.contains(partition);
    }
    void on_lost(Partition partition, store::Epoch epoch) override {
        const std::lock_guard lock(mutex_);
        held_.erase(partition);
        lost_.emplace_back(partition, epoch);
    }
    void on_inbox_appended(Partition partition) override {
        std::function<void(Partition)> hint;
        {
            const std::lock_guard lock(mutex_);
            hints_.push_back(partition);
            hint = hint_;
        }
        if (hint) {
            hint(partition);
        }
    }

    void answer_elsewhere(store::NodeId node, Response response) override {
        std::function<void(Response)> pass;
        {
            const std::lock_guard lock(mutex_);
            answered_.emplace_back(node, response);
            pass = pass_answer_;
        }
        if (pass) {
            pass(std::move(response));
        }
    }
    [[nodiscard]] RecordFormat record_format() const override { return format_.load(); }

    void write_in(RecordFormat format) { format_ = format; }
    void hold(Partition partition) {
        const std::lock_guard lock(mutex_);
        held_.insert(partition);
    }
    void let_go(Partition partition) {
        const std::lock_guard lock(mutex_);
        held_.erase(partition);
    }
    void set_lease(bool runs) {
        const std::lock_guard lock(mutex_);
        has_lease_ = runs;
    }
    // Hints are passed on to `hint` from now on.
    void pass_hints_to(std::function<void(Partition)> hint) {
        const std::lock_guard lock(mutex_);
        hint_ = std::move(hint);
    }
    // Answers for other nodes are passed on to `pass` from now on.
    void pass_answers_to(std::function<void(Response)> pass) {
        const std::lock_guard lock(mutex_);
        pass_answer_ = std::move(pass);
    }
    // Answers for other nodes, with the nodes.
    [[nodiscard]] std::vector<std::pair<store::NodeId, Response>> answered() const {
        const std::lock_guard lock(mutex_);
        return answered_;
    }
    [[nodiscard]] std::vector<std::pair<Partition, store::Epoch>> lost() const {
        const std::lock_guard lock(mutex_);
        return lost_;
    }
    [[nodiscard]] std::vector<Partition> hints() const {
        const std::lock_guard lock(mutex_);
        return hints_;
    }

  private:
    std::atomic<RecordFormat> format_ = record_format_newest();
    mutable std::mutex mutex_;
    // All below guarded by mutex_.
    std::set<Partition> held_;
    bool has_lease_ = true;
    std::function<void(Partition)> hint_;
    std::vector<std::pair<Partition, store::Epoch>> lost_;
    std::vector<Partition> hints_;
    std::function<void(Response)> pass_answer_;
    std::vector<std::pair<store::NodeId, Response>> answered_;
};

// One instance of the cluster.
struct Instance {
    explicit Instance(store::Store& shared) : store(shared) {}

    store::AwayStore store;
    FakeOutside outside;
    ManualOwnership ownership;
    std::unique_ptr<Engine> engine;
    std::uint32_t node = 0;
};

class EngineClusterFixture : public EngineFixture {
  public:
    ~EngineClusterFixture() override {
        // Answers that come late must find the engines gone, and the stores still there.
        one_.engine.reset();
        two_.engine.reset();
    }

  protected:
    EngineClusterFixture() {
        begin(one_, 1);
        begin(two_, 2);
    }

    void begin(Instance& instance, std::uint32_t node) {
        instance.node = node;
        Options options = options_;
        options.node = node;
        options.seed = options_.seed + node;
        auto engine =
            Engine::create(options, instance.store, instance.outside, clock_, &instance.ownership);
        ASSERT_TRUE(engine) << engine.error().to_string();
        instance.engine = *std::move(engine);
    }
    // As cluster/ does it: claim, then open.
    store::Epoch give(Instance& instance, Partition partition) {
        const auto epoch = wait_for<store::Epoch>(
            [&](auto done) { store_->claim(partition, instance.node, std::move(done)); });
        EXPECT_TRUE(epoch);
        instance.ownership.hold(partition);
        instance.engine->open_partition(partition, *epoch);
        return *epoch;
    }
    void give_all(Instance& instance) {
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            give(instance, partition);
        }
    }
    // Closes it; false when that does not happen.
    bool take(Instance& instance, Partition partition) {
        const auto closed = close_later(instance, partition);
        const bool is_closed = becomes_true([&] { return closed->load(); });
        instance.ownership.let_go(partition);
        return is_closed;
    }
    static std::shared_ptr<std::atomic<bool>> close_later(Instance& instance, Partition partition) {
        auto closed = std::make_shared<std::atomic<bool>>(false);
        instance.engine->close_partition(partition, [closed] { *closed = true; });
        return closed;
    }
    void drop(Instance& instance, Partition partition) {
        instance.ownership.let_go(partition);
        instance.engine->drop_partition(partition);
    }
    void suspend(Instance& instance) {
        instance.ownership.set_lease(false);
        instance.engine->suspend_partitions();
    }
    void resume(Instance& instance) {
        instance.ownership.set_lease(true);
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            instance.engine->resume_partition(partition);
        }
    }

    // A client's own name whose session belongs to `partition`.
    static std::string name_in(Partition partition, int skipped = 0) {
        for (int number = 0;; ++number) {
            std::string name = "order-" + std::to_string(number);
            if (SessionId::from_name(name, kPartitions).partition() == partition &&
                skipped-- == 0) {
                return name;
            }
        }
    }
    // `#_scxml_<id>` of a client's own name.
    static std::string target_of(const std::string& name) {
        return "#_scxml_" + SessionId::from_name(name, kPartitions).to_string();
    }
    Result<StartOutcome> start_named(Instance& instance, const std::string& name,
                                     const std::string& document) {
        StartRequest request;
        request.id = name;
        request.document = document;
        return wait_for<StartOutcome>(
            [&](auto done) { instance.engine->start(std::move(request), std::move(done)); });
    }
    static EventRequest event_for(const std::string& session, const std::string& name,
                                  const std::string& key = {}) {
        EventRequest request;
        request.session = session;
        request.event.name = name;
        request.idempotency_key = key;
        return request;
    }
    static Result<EventAnswer> send_to(Instance& instance, const std::string& session,
                                       const std::string& name, const std::string& key = {}) {
        return wait_for<EventAnswer>([&](auto done) {
            instance.engine->send(event_for(session, name, key), std::move(done));
        });
    }
    static std::future<Result<EventAnswer>> send_later(Instance& instance,
                                                       const std::string& session,
                                                       const std::string& name,
                                                       const std::string& key = {}) {
        auto promise = std::make_shared<std::promise<Result<EventAnswer>>>();
        auto answer = promise->get_future();
        instance.engine->send(event_for(session, name, key), [promise](Result<EventAnswer> told) {
            promise->set_value(std::move(told));
        });
        return answer;
    }
    static Result<SessionView> view(Instance& instance, const std::string& session) {
        return wait_for<SessionView>(
            [&](auto done) { instance.engine->query(session, std::move(done)); });
    }
    // The data item's text, as long as the session can be asked.
    static std::string item(Instance& instance, const std::string& session,
                            const std::string& name) {
        const auto told = view(instance, session);
        return told ? data(*told, name) : told.error().to_string();
    }
    static Result<InboxReceipt> append(Instance& instance, const std::string& session,
                                       const std::string& name, const std::string& key = {}) {
        return wait_for<InboxReceipt>([&](auto done) {
            instance.engine->append_event(event_for(session, name, key), std::move(done));
        });
    }
    static Result<ReceiptState> receipt(Instance& instance, const std::string& id) {
        return wait_for<ReceiptState>(
            [&](auto done) { instance.engine->find_receipt(id, std::move(done)); });
    }
    template <typename T>
    static bool is_pending(const std::future<T>& answer) {
        return answer.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
    }
    // What it is answered; an answer that does not come is none.
    template <typename T>
    static Result<T> told(std::future<Result<T>>& answer) {
        if (answer.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
            return Error(ErrorCode::kInternal, "no answer");
        }
        return answer.get();
    }
    // Until the engine has seen everything that was posted to the shard of `partition` before.
    static void settle(Instance& instance, Partition partition) {
        static_cast<void>(view(instance, name_in(partition)));
    }
    static bool becomes_true(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds()) {
            if (std::chrono::steady_clock::now() > deadline) {
                return false;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    Instance one_{*store_};
    Instance two_{*store_};
};

}  // namespace fermata::engine
