// Transfer: one fetch on a libcurl easy handle, redirects included, or one streamed answer.
// Included by .cpp files of this folder only.
//
// Threads: the client's thread, but for the constructor.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "http/client.h"

namespace fermata::http {

class Transfer {
  public:
    using Instant = std::chrono::steady_clock::time_point;

    Transfer(Client::FetchId id, FetchRequest request, Client::Callback callback);
    Transfer(Client::FetchId id, FetchRequest request, std::shared_ptr<FetchListener> listener);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    // Checks the URL and the policy and fills the handle for the next hop. False: refused or late;
    // complete() is due.
    bool prepare(CURL* handle, const ClientOptions& options);
    // One hop is over. True: a redirect is to be followed, prepare() again.
    bool finish_hop(CURLcode code);
    // Calls the callback, or tells the listener.
    void complete();
    // The listener has room again.
    void resume();
    void fail(FetchError error, std::string message);

    [[nodiscard]] Client::FetchId id() const { return id_; }
    [[nodiscard]] CURL* handle() const { return handle_; }
    [[nodiscard]] bool is_late(Instant now) const { return now >= deadline_; }
    [[nodiscard]] bool is_streamed() const { return listener_ != nullptr; }
    // When a streamed answer is late, by timeout or idle_timeout; nothing: not as things are now.
    [[nodiscard]] std::optional<Instant> stream_deadline() const;
    // No sooner can it be late, whatever comes before; nothing: only after resume().
    [[nodiscard]] std::optional<Instant> earliest_deadline(Instant now) const;

  private:
    struct FreeList {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };

    bool check_url();
    void set_connection_options(const ClientOptions& options);
    void set_request_options(const ClientOptions& options);
    void set_stream_options();
    void set_method();
    void set_headers();
    void fail_hop(CURLcode code);
    bool follow();
    std::size_t take_body(std::string_view bytes);
    std::size_t pass_on(std::string_view bytes);
    std::size_t take_header(std::string_view line);
    void end_of_header();

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static int on_send(void* self, char* peer, char* own, int peer_port, int own_port);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

    const Client::FetchId id_;
    FetchRequest request_;
    Client::Callback callback_;
    const std::shared_ptr<FetchListener> listener_;  // null: the answer is gathered
    FetchResponse response_;
    const Instant started_;
    const Instant deadline_;
    CURL* handle_ = nullptr;
    const ClientOptions* options_ = nullptr;
    std::unique_ptr<curl_slist, FreeList> header_list_;
    std::size_t header_bytes_ = 0;
    bool is_too_large_ = false;
    bool is_address_refused_ = false;
    // Of a streamed answer.
    bool has_started_ = false;
    bool is_paused_ = false;
    Instant last_byte_;
    char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace fermata::http
