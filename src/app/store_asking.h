// Asking a store from a thread that has nothing else to do: single calls, and many at once.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "app/waiting.h"
#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

// Longer than any failover.
inline constexpr std::chrono::minutes kStoreAnswerMax{2};

//   ask_store<store::Epoch>([&](auto done) { store.claim(partition, node, std::move(done)); });
template <typename T, typename Call>
Result<T> ask_store(Call call) {
    return wait_for<T>(kStoreAnswerMax, std::move(call));
}

// An answer that is collected later, so that calls overlap.
template <typename T>
class Pending {
  public:
    template <typename Call>
    explicit Pending(Call call) {
        auto promise = std::make_shared<std::promise<Result<T>>>();
        future_ = promise->get_future();
        call([promise](Result<T> answer) { promise->set_value(std::move(answer)); });
    }
    Result<T> get() {
        if (future_.wait_for(kStoreAnswerMax) != std::future_status::ready) {
            return Error(ErrorCode::kTimeout, "no answer of the store in time");
        }
        return future_.get();
    }

  private:
    std::future<Result<T>> future_;
};

}  // namespace fermata::app
