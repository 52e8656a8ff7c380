// Timer: one pause at a time on the event loop; destroying it cancels for certain. Included by .cpp
// files of this folder only (Asio).
//
// Asio may have queued a handler already when its timer is destroyed; the token keeps such a
// handler from touching an owner that is gone.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace fermata::redis {

class Timer {
  public:
    explicit Timer(boost::asio::io_context& loop) : timer_(loop) {}

    template <typename Task>
    void start(std::chrono::steady_clock::duration pause, Task task) {
        cancel();
        token_ = std::make_shared<char>();
        timer_.expires_after(pause);
        timer_.async_wait([token = std::weak_ptr<char>(token_),
                           task = std::move(task)](const boost::system::error_code& error) {
            if (!error && !token.expired()) {
                task();
            }
        });
    }
    void cancel() {
        token_.reset();
        timer_.cancel();
    }

  private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<char> token_;
};

}  // namespace fermata::redis
