// Transfer: one fetch on a libcurl easy handle, redirects included. Included by .cpp files of this
// folder only.
//
// Threads: the client's thread, but for the constructor.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "http/client.h"

namespace fermata::http {

class Transfer {
  public:
    using Instant = std::chrono::steady_clock::time_point;

    Transfer(Client::FetchId id, FetchRequest request, Client::Callback callback);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    // Checks the URL and the policy and fills the handle for the next hop. False: refused or late;
    // complete() is due.
    bool prepare(CURL* handle, const ClientOptions& options);
    // One hop is over. True: a redirect is to be followed, prepare() again.
    bool finish_hop(CURLcode code);
    // Calls the callback.
    void complete();
    void fail(FetchError error, std::string message);

    [[nodiscard]] Client::FetchId id() const { return id_; }
    [[nodiscard]] CURL* handle() const { return handle_; }
    [[nodiscard]] bool is_late(Instant now) const { return now >= deadline_; }

  private:
    struct FreeList {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };

    bool check_url();
    void set_connection_options(const ClientOptions& options);
    void set_request_options(const ClientOptions& options);
    void set_method();
    void set_headers();
    void fail_hop(CURLcode code);
    bool follow();
    std::size_t take_body(std::string_view bytes);
    std::size_t take_header(std::string_view line);

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

    const Client::FetchId id_;
    FetchRequest request_;
    Client::Callback callback_;
    FetchResponse response_;
    const Instant started_;
    const Instant deadline_;
    CURL* handle_ = nullptr;
    const ClientOptions* options_ = nullptr;
    std::unique_ptr<curl_slist, FreeList> header_list_;
    std::size_t header_bytes_ = 0;
    bool is_too_large_ = false;
    bool is_address_refused_ = false;
    char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace fermata::http
