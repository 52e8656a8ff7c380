// Doorbell: wakes the event loop from another thread. Included by .cpp files of this folder only
// (Asio).
//
// asio::post() would do, but it wakes the loop while it holds the loop's own lock: the thread that
// wakes up runs into that lock at once, which costs two more switches of threads each time.
//
// Threads: ring() from any; everything else on the loop's, or before it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace fermata::redis {

class Doorbell {
  public:
    // rung: called on the loop, at least once after each ring().
    Doorbell(boost::asio::io_context& loop, std::function<void()> rung)
        : descriptor_(loop, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), rung_(std::move(rung)) {}

    void listen() {
        descriptor_.async_read_some(boost::asio::buffer(&count_, sizeof count_),
                                    [this](const boost::system::error_code& error, std::size_t) {
                                        if (!error) {
                                            listen();
                                            rung_();
                                        }
                                    });
    }
    void ring() {
        constexpr std::uint64_t kOnce = 1;
        const ssize_t written = write(descriptor_.native_handle(), &kOnce, sizeof kOnce);
        FERMATA_CHECK(written == sizeof kOnce);
    }
    // Nobody listens any more.
    void stop() {
        boost::system::error_code ignored;
        descriptor_.cancel(ignored);
    }

  private:
    boost::asio::posix::stream_descriptor descriptor_;
    std::function<void()> rung_;
    std::uint64_t count_ = 0;
};

}  // namespace fermata::redis
