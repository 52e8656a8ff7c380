// Patience: calls that wait for their answers, oldest first. A call that has waited long enough is
// answered kTimeout, whatever it waits for (a store that is away, as a rule); an answer that comes
// later is dropped.
//
// All calls of a shard wait equally long, so the list is ordered by itself.
// Ownership: a call keeps itself until it is answered, so that it gets an answer even when somebody
// drops its callback.
// Threads: the shard's thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace fermata::engine {

class Shard;

class Patience {
  public:
    explicit Patience(Shard& shard) : shard_(shard) {}
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;
    ~Patience() = default;

    // The server stops.
    void fail_all(const Error& reason);

    // A callback for this thread that passes its answer on to `done`, unless time was up before.
    // Without a time-out
    // (Options::answer_timeout is 0) `done` itself.
    template <typename T>
    std::function<void(Result<T>)> bound(std::function<void(Result<T>)> done) {
        if (!is_bounded()) {
            return done;
        }
        auto call = std::make_shared<TypedCall<T>>(*this, std::move(done));
        call->self = call;
        add(*call);
        return [call = std::move(call)](Result<T> answer) { call->answer(std::move(answer)); };
    }

  private:
    class Call {
      public:
        explicit Call(Patience& patience) : list(patience) {}
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        virtual ~Call() = default;
        virtual void give_up(const Error& reason) = 0;

        std::shared_ptr<Call> self;  // while it is in the list
        Patience& list;
        Call* older = nullptr;
        Call* newer = nullptr;
        UnixMillis until_ms = 0;
    };

    template <typename T>
    class TypedCall final : public Call {
      public:
        TypedCall(Patience& patience, std::function<void(Result<T>)> done)
            : Call(patience), done_(std::move(done)) {}
        void answer(Result<T> result) {
            if (done_) {
                const std::shared_ptr<Call> kept = list.remove(*this);
                std::exchange(done_, nullptr)(std::move(result));
            }
        }
        void give_up(const Error& reason) override { answer(reason); }

      private:
        std::function<void(Result<T>)> done_;
    };

    [[nodiscard]] bool is_bounded() const;
    void add(Call& call);
    std::shared_ptr<Call> remove(Call& call);
    void schedule_sweep();
    void sweep();

    Shard& shard_;
    Call* oldest_ = nullptr;
    Call* newest_ = nullptr;
    bool sweeping_ = false;
};

}  // namespace fermata::engine
