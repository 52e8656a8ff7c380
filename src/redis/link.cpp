#include "redis/link.h"

#include <utility>

namespace fermata::redis {

Link::Link(Surroundings& surroundings, Node node, LinkListener& listener)
    : surroundings_(surroundings),
      node_(std::move(node)),
      listener_(listener),
      backoff_(surroundings.options.retry_pause_min, surroundings.options.retry_pause_max),
      timer_(surroundings.loop) {}

Link::~Link() {
    if (connection_ != nullptr) {
        connection_->close();
    }
}

void Link::start() {
    const std::chrono::milliseconds pause = surroundings_.take_connect(node_.address);
    if (pause.count() > 0) {
        timer_.start(pause, [this] { start(); });
    } else {
        dial();
    }
}

void Link::dial() {
    ++surroundings_.counters.connects;
    connection_ = Connection::create({surroundings_.loop, surroundings_.options, surroundings_.tls},
                                     node_, *this);
    connection_->open();
}

void Link::drop(const Error& why) {
    if (is_open()) {
        connection_->close();
        closed(why);
    }
}

void Link::opened(const ServerFacts& facts) {
    backoff_.reset();
    listener_.linked(facts);
}

void Link::received(Reply reply) {
    listener_.received(std::move(reply));
}

void Link::closed(const Error& error) {
    connection_.reset();
    ++surroundings_.counters.connection_losses;
    // Wrong credentials fail a thousand times as they failed once.
    const std::chrono::milliseconds pause = error.code() == ErrorCode::kForbidden
                                                ? surroundings_.options.denied_pause
                                                : backoff_.next(surroundings_.random);
    timer_.start(pause, [this] { start(); });
    listener_.unlinked(error);
}

}  // namespace fermata::redis
