#include "redis/client.h"

#include <utility>

#include "redis/core.h"

namespace fermata::redis {

Result<std::unique_ptr<Client>> Client::open(Options options) {
    FERMATA_TRY(check(options));
    std::optional<TlsContext> tls;
    if (options.tls.enabled) {
        FERMATA_TRY_ASSIGN(tls, TlsContext::create(options.tls));
    }
    auto core = std::make_unique<Core>(std::move(options), std::move(tls));
    core->start();
    return std::unique_ptr<Client>(new Client(std::move(core)));
}

Client::Client(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Client::~Client() = default;

void Client::send(Request request, Callback callback) {
    core_->send(std::move(request), std::move(callback));
}

bool Client::post(std::function<void()> task) {
    return core_->post(std::move(task));
}

void Client::after(std::chrono::milliseconds pause, std::function<void()> task) {
    core_->after(pause, std::move(task));
}

bool Client::on_own_thread() const {
    return core_->on_own_thread();
}

void Client::on_primary_changed(PrimaryChanged listener) {
    core_->on_primary_changed(std::move(listener));
}

Status Client::status() const {
    return core_->status();
}

Result<void> Client::wait_until_ready(std::chrono::milliseconds timeout) const {
    return core_->wait_until_ready(timeout);
}

void Client::close() {
    core_->close();
}

}  // namespace fermata::redis
