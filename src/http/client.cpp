#include "http/client.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/transfer.h"

namespace fermata::http {
namespace {

// How long the thread sleeps at most. With fetches in the queue it looks for late ones more often.
constexpr int kPollMsIdle = 1'000;
constexpr int kPollMsQueued = 50;

bool is_single_line(std::string_view text) {
    constexpr std::string_view kBreaks("\r\n\0", 3);
    return text.find_first_of(kBreaks) == std::string_view::npos;
}

// Nothing a caller passes on from outside may add lines to the request.
Result<void> check(const FetchRequest& request) {
    if (request.method.empty() ||
        request.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") !=
            std::string::npos) {
        return Error(ErrorCode::kInvalidArgument, "'" + request.method + "' is not a method");
    }
    for (const Field& field : request.headers) {
        const bool is_good = !field.name.empty() && is_single_line(field.name) &&
                             is_single_line(field.value) &&
                             field.name.find_first_of(": ;") == std::string::npos;
        if (!is_good) {
            return Error(ErrorCode::kInvalidArgument, "header field '" + field.name + "'");
        }
    }
    return {};
}

}  // namespace

std::string_view to_string(FetchError error) {
    switch (error) {
        case FetchError::kNone:
            return "none";
        case FetchError::kInvalidUrl:
            return "invalid-url";
        case FetchError::kRefused:
            return "refused";
        case FetchError::kResolve:
            return "resolve";
        case FetchError::kConnect:
            return "connect";
        case FetchError::kTls:
            return "tls";
        case FetchError::kTimeout:
            return "timeout";
        case FetchError::kTooLarge:
            return "too-large";
        case FetchError::kRedirects:
            return "redirects";
        case FetchError::kProtocol:
            return "protocol";
        case FetchError::kCancelled:
            return "cancelled";
    }
    return "unknown";
}

class Client::Core {
  public:
    explicit Core(ClientOptions options) : options_(std::move(options)), multi_(curl_multi_init()) {
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                          static_cast<long>(options_.idle_connections_max));
        curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                          static_cast<long>(options_.connections_per_host_max));
        thread_ = std::thread([this] { run(); });
    }
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;
    ~Core() {
        stop();
        for (CURL* handle : free_handles_) {
            curl_easy_cleanup(handle);
        }
        curl_multi_cleanup(multi_);
    }

    Result<FetchId> fetch(FetchRequest request, Callback callback);
    Result<FetchId> stream(FetchRequest request, std::shared_ptr<FetchListener> listener);
    void cancel(FetchId id);
    void resume(FetchId id);
    void stop();
    [[nodiscard]] std::size_t pending() const { return pending_.load(); }

  private:
    using TransferPtr = std::unique_ptr<Transfer>;
    using Instant = Transfer::Instant;

    template <typename Receiver>
    Result<FetchId> enqueue(FetchRequest request, Receiver receiver);

    // All below: the client's thread.
    void run();
    void take_orders();
    void cancel_now(FetchId id);
    void resume_now(FetchId id);
    TransferPtr take_active(FetchId id);
    void fail_late();
    void fail_late_streams();
    void look_no_later_than(std::optional<Instant> deadline) {
        streams_look_ = std::min(streams_look_, deadline.value_or(Instant::max()));
    }
    [[nodiscard]] int poll_ms() const;
    void start_queued();
    void start(TransferPtr transfer);
    void finish_done();
    void finish_one(CURL* handle, CURLcode code);
    void complete(TransferPtr transfer);
    void cancel_all();
    CURL* take_handle();

    const ClientOptions options_;
    CURLM* multi_;
    std::thread thread_;
    std::mutex stop_mutex_;  // so that a second stop() waits for the first

    mutable std::mutex mutex_;  // guards what other threads order:
    std::vector<TransferPtr> incoming_;
    std::vector<FetchId> cancelled_;
    std::vector<FetchId> resumed_;
    bool is_stopping_ = false;
    FetchId id_next_ = 1;

    std::atomic<std::size_t> pending_ = 0;
    std::atomic<std::size_t> waiting_ = 0;  // pending and not on the wire

    std::deque<TransferPtr> queue_;
    std::unordered_map<FetchId, TransferPtr> active_;
    std::vector<CURL*> free_handles_;
    // No streamed answer is late before.
    Instant streams_look_ = Instant::max();
};

Result<Client::FetchId> Client::Core::fetch(FetchRequest request, Callback callback) {
    return enqueue(std::move(request), std::move(callback));
}

Result<Client::FetchId> Client::Core::stream(FetchRequest request,
                                             std::shared_ptr<FetchListener> listener) {
    return enqueue(std::move(request), std::move(listener));
}

template <typename Receiver>
Result<Client::FetchId> Client::Core::enqueue(FetchRequest request, Receiver receiver) {
    FERMATA_TRY(check(request));
    FetchId id = 0;
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) {
            return Error(ErrorCode::kUnavailable, "the HTTP client is stopped");
        }
        if (waiting_.load() >= options_.queued_max) {
            return Error(ErrorCode::kOverloaded,
                         std::to_string(options_.queued_max) + " fetches are waiting already");
        }
        id = id_next_++;
        incoming_.push_back(
            std::make_unique<Transfer>(id, std::move(request), std::move(receiver)));
        ++waiting_;
        ++pending_;
    }
    curl_multi_wakeup(multi_);
    return id;
}

void Client::Core::cancel(FetchId id) {
    {
        const std::lock_guard lock(mutex_);
        cancelled_.push_back(id);
    }
    curl_multi_wakeup(multi_);
}

void Client::Core::resume(FetchId id) {
    {
        const std::lock_guard lock(mutex_);
        resumed_.push_back(id);
    }
    curl_multi_wakeup(multi_);
}

void Client::Core::stop() {
    const std::lock_guard stop_lock(stop_mutex_);
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Client::Core::run() {
    while (true) {
        {
            const std::lock_guard lock(mutex_);
            if (is_stopping_) {
                break;
            }
        }
        take_orders();
        fail_late();
        start_queued();
        int running = 0;
        curl_multi_perform(multi_, &running);
        finish_done();
        fail_late_streams();
        curl_multi_poll(multi_, nullptr, 0, poll_ms(), nullptr);
    }
    take_orders();
    cancel_all();
}

int Client::Core::poll_ms() const {
    if (!queue_.empty()) {
        return active_.size() < options_.in_flight_max ? 0 : kPollMsQueued;
    }
    if (streams_look_ == Instant::max()) {
        return kPollMsIdle;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        streams_look_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kPollMsIdle));
}

void Client::Core::take_orders() {
    std::vector<TransferPtr> incoming;
    std::vector<FetchId> cancelled;
    std::vector<FetchId> resumed;
    {
        const std::lock_guard lock(mutex_);
        incoming.swap(incoming_);
        cancelled.swap(cancelled_);
        resumed.swap(resumed_);
    }
    for (TransferPtr& transfer : incoming) {
        queue_.push_back(std::move(transfer));
    }
    for (const FetchId id : cancelled) {
        cancel_now(id);
    }
    for (const FetchId id : resumed) {
        resume_now(id);
    }
}

void Client::Core::resume_now(FetchId id) {
    const auto found = active_.find(id);
    if (found != active_.end()) {
        found->second->resume();
        look_no_later_than(found->second->earliest_deadline(std::chrono::steady_clock::now()));
    }
}

// Takes a transfer off the wire; nullptr when it is not there.
Client::Core::TransferPtr Client::Core::take_active(FetchId id) {
    const auto found = active_.find(id);
    if (found == active_.end()) {
        return nullptr;
    }
    TransferPtr transfer = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_, transfer->handle());
    free_handles_.push_back(transfer->handle());
    return transfer;
}

void Client::Core::cancel_now(FetchId id) {
    TransferPtr transfer = take_active(id);
    if (!transfer) {
        for (auto queued = queue_.begin(); queued != queue_.end(); ++queued) {
            if ((*queued)->id() == id) {
                transfer = std::move(*queued);
                queue_.erase(queued);
                --waiting_;
                break;
            }
        }
    }
    if (transfer) {
        transfer->fail(FetchError::kCancelled, "cancelled");
        complete(std::move(transfer));
    }
}

void Client::Core::fail_late() {
    if (active_.size() < options_.in_flight_max) {
        return;  // the queue is about to be started; who is late is found there
    }
    const Transfer::Instant now = std::chrono::steady_clock::now();
    std::vector<TransferPtr> late;
    for (TransferPtr& transfer : queue_) {
        if (transfer->is_late(now)) {
            late.push_back(std::move(transfer));
        }
    }
    std::erase_if(queue_, [](const TransferPtr& transfer) { return !transfer; });
    waiting_ -= late.size();
    for (TransferPtr& transfer : late) {
        transfer->fail(FetchError::kTimeout, "the time was over before a connection was free");
        complete(std::move(transfer));
    }
}

// Nobody is looked at before the earliest moment at which somebody can be late.
void Client::Core::fail_late_streams() {
    const Instant now = std::chrono::steady_clock::now();
    if (now < streams_look_) {
        return;
    }
    streams_look_ = Instant::max();
    std::vector<FetchId> late;
    for (const auto& [id, transfer] : active_) {
        if (!transfer->is_streamed()) {
            continue;
        }
        if (transfer->stream_deadline().value_or(Instant::max()) <= now) {
            late.push_back(id);
        } else {
            look_no_later_than(transfer->earliest_deadline(now));
        }
    }
    for (const FetchId id : late) {
        TransferPtr transfer = take_active(id);
        transfer->fail(FetchError::kTimeout, "no byte came in time");
        complete(std::move(transfer));
    }
}

void Client::Core::start_queued() {
    while (!queue_.empty() && active_.size() < options_.in_flight_max) {
        TransferPtr transfer = std::move(queue_.front());
        queue_.pop_front();
        --waiting_;
        start(std::move(transfer));
    }
}

void Client::Core::start(TransferPtr transfer) {
    CURL* handle = take_handle();
    if (!transfer->prepare(handle, options_)) {
        free_handles_.push_back(handle);
        complete(std::move(transfer));
        return;
    }
    curl_multi_add_handle(multi_, handle);
    if (transfer->is_streamed()) {
        look_no_later_than(transfer->earliest_deadline(std::chrono::steady_clock::now()));
    }
    active_.emplace(transfer->id(), std::move(transfer));
}

void Client::Core::finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) {
            finish_one(message->easy_handle, message->data.result);
        }
    }
}

void Client::Core::finish_one(CURL* handle, CURLcode code) {
    char* pointer = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &pointer);
    const FetchId id = static_cast<Transfer*>(static_cast<void*>(pointer))->id();
    const auto found = active_.find(id);
    TransferPtr transfer = std::move(found->second);
    active_.erase(found);
    const bool goes_on = transfer->finish_hop(code);
    curl_multi_remove_handle(multi_, handle);
    free_handles_.push_back(handle);
    if (goes_on) {
        start(std::move(transfer));
    } else {
        complete(std::move(transfer));
    }
}

void Client::Core::complete(TransferPtr transfer) {
    --pending_;
    transfer->complete();
}

void Client::Core::cancel_all() {
    for (auto& [id, transfer] : active_) {
        curl_multi_remove_handle(multi_, transfer->handle());
        free_handles_.push_back(transfer->handle());
        queue_.push_back(std::move(transfer));
    }
    active_.clear();
    waiting_ = 0;
    while (!queue_.empty()) {
        TransferPtr transfer = std::move(queue_.front());
        queue_.pop_front();
        transfer->fail(FetchError::kCancelled, "the client stopped");
        complete(std::move(transfer));
    }
}

CURL* Client::Core::take_handle() {
    if (free_handles_.empty()) {
        return curl_easy_init();
    }
    CURL* handle = free_handles_.back();
    free_handles_.pop_back();
    return handle;
}

Result<std::unique_ptr<Client>> Client::create(ClientOptions options) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialised != CURLE_OK) {
        return Error(ErrorCode::kInternal, curl_easy_strerror(initialised));
    }
    if (options.in_flight_max == 0 || options.connections_per_host_max == 0 ||
        options.queued_max == 0 || options.header_bytes_max == 0) {
        return Error(ErrorCode::kInvalidArgument, "a limit of the HTTP client is 0");
    }
    return std::unique_ptr<Client>(new Client(std::make_unique<Core>(std::move(options))));
}

Client::Client(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Client::~Client() = default;

Result<Client::FetchId> Client::fetch(FetchRequest request, Callback callback) {
    return core_->fetch(std::move(request), std::move(callback));
}
Result<FetchId> Client::stream(FetchRequest request, std::shared_ptr<FetchListener> listener) {
    return core_->stream(std::move(request), std::move(listener));
}
void Client::resume(FetchId id) {
    core_->resume(id);
}
void Client::cancel(FetchId id) {
    core_->cancel(id);
}
void Client::stop() {
    core_->stop();
}
std::size_t Client::pending() const {
    return core_->pending();
}

}  // namespace fermata::http
