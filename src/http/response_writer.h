// ResponseWriter: turns responses into bytes of HTTP/1.1.
//
// Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "http/response.h"

namespace fermata::http {

struct ResponseFraming {
    bool is_head = false;      // no body, whatever its length
    bool is_http_1_0 = false;  // the client does not know chunks
    bool closes_connection = false;
    bool is_stream = false;  // the body follows in chunks, or until the connection closes
};

class ResponseWriter {
  public:
    // Appends the header and, unless a stream, the body. Line breaks in header values become
    // blanks: no handler can be made to split a response.
    void append(std::string& out, const Response& response, const ResponseFraming& framing);

    static void append_chunk(std::string& out, std::string_view text);
    static void append_last_chunk(std::string& out);

  private:
    void append_date(std::string& out);

    std::time_t date_second_ = 0;
    std::string date_;
};

}  // namespace fermata::http
