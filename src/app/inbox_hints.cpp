#include "app/inbox_hints.h"

#include <chrono>
#include <utility>

namespace fermata::app {

namespace {

// Later than this the owner has looked by itself.
constexpr std::chrono::seconds kTimeout{2};
constexpr std::size_t kAnswerBytesMax = 64U << 10U;

}  // namespace

Result<std::unique_ptr<InboxHints>> InboxHints::create(http::ClientOptions options,
                                                       FindPeer find_peer) {
    std::unique_ptr<InboxHints> hints(new InboxHints(std::move(find_peer)));
    FERMATA_TRY_ASSIGN(hints->client_, http::Client::create(std::move(options)));
    return hints;
}

InboxHints::InboxHints(FindPeer find_peer) : find_peer_(std::move(find_peer)) {}

InboxHints::~InboxHints() {
    stop();
}

void InboxHints::stop() {
    if (client_ != nullptr) {
        client_->stop();
    }
}

void InboxHints::tell(Partition partition) {
    {
        const std::lock_guard lock(mutex_);
        const auto [hint, is_new] = on_their_way_.try_emplace(partition, false);
        if (!is_new) {
            hint->second = true;
            return;
        }
    }
    send(partition);
}

void InboxHints::send(Partition partition) {
    const std::optional<Peer> peer = find_peer_(partition);
    bool is_taken = false;
    if (peer) {
        http::FetchRequest request;
        request.url = peer->url + "/internal/inbox/" + std::to_string(partition);
        request.method = "POST";
        request.headers.set("Fermata-Peer", peer->secret);
        request.timeout = kTimeout;
        request.body_bytes_max = kAnswerBytesMax;
        request.redirects_max = 0;
        is_taken = client_
                       ->fetch(std::move(request),
                               [this, partition](const http::FetchResponse& response) {
                                   on_answer(partition, response);
                               })
                       .has_value();
    }
    if (is_taken) {
        ++sent_;
    } else {
        const std::lock_guard lock(mutex_);
        on_their_way_.erase(partition);
    }
}

void InboxHints::on_answer(Partition partition, const http::FetchResponse& response) {
    failed_ += response.is_success() ? 0 : 1;
    {
        const std::lock_guard lock(mutex_);
        const auto hint = on_their_way_.find(partition);
        if (hint == on_their_way_.end() || !std::exchange(hint->second, false)) {
            on_their_way_.erase(partition);
            return;
        }
    }
    send(partition);
}

}  // namespace fermata::app
