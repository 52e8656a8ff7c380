#include "app/request_answers.h"

#include <chrono>
#include <utility>

#include "api/answers.h"
#include "base/log.h"

namespace fermata::app {

namespace {

// Callers wait no longer than [http] request-timeout, most of them much less.
constexpr std::chrono::seconds kTimeout{10};
constexpr std::size_t kAnswerBytesMax = 64U << 10U;

}  // namespace

Result<std::unique_ptr<RequestAnswers>> RequestAnswers::create(http::ClientOptions options,
                                                               FindPeer find_peer) {
    std::unique_ptr<RequestAnswers> answers(new RequestAnswers(std::move(find_peer)));
    FERMATA_TRY_ASSIGN(answers->client_, http::Client::create(std::move(options)));
    return answers;
}

RequestAnswers::RequestAnswers(FindPeer find_peer) : find_peer_(std::move(find_peer)) {}

RequestAnswers::~RequestAnswers() {
    stop();
}

void RequestAnswers::stop() {
    if (client_ != nullptr) {
        client_->stop();
    }
}

void RequestAnswers::pass(store::NodeId node, const engine::Response& response) {
    const std::optional<Peer> peer = find_peer_(node);
    if (!peer) {
        return;  // with its instance the caller's connection is gone
    }
    http::FetchRequest request = api::answer_request(peer->url, peer->secret, response);
    request.timeout = kTimeout;
    request.body_bytes_max = kAnswerBytesMax;
    ++sent_;
    const auto taken = client_->fetch(
        std::move(request),
        [this, node](const http::FetchResponse& answer) { on_answer(node, answer); });
    if (!taken) {
        ++failed_;
        log::warning("an answer to a request of another node is dropped",
                     {{"node", node}, {"reason", taken.error().message()}});
    }
}

void RequestAnswers::on_answer(store::NodeId node, const http::FetchResponse& response) {
    if (response.is_success()) {
        return;
    }
    ++failed_;
    log::warning("an answer to a request of another node did not arrive",
                 {{"node", node},
                  {"reason", response.error == http::FetchError::kNone
                                 ? "it answered " + std::to_string(response.status)
                                 : response.message}});
}

}  // namespace fermata::app
