// Server-sent events: the text/event-stream format of the HTML standard, section 9.2.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace fermata::http {

inline constexpr std::string_view kEventStreamType = "text/event-stream";

// One event, ready for Stream::write. An empty id or name leaves the line out; each line of data
// (ended by LF, CR or CRLF) gets a "data:" line of its own. Line breaks in id and name are dropped,
// and so is an id with NUL.
std::string format_event(std::string_view id, std::string_view name, std::string_view data);
// A comment line, which clients ignore: the heartbeat that keeps proxies from closing.
std::string format_comment(std::string_view text);
// The last lines of a stream that ends before its time: a client waits for `pause` and connects
// again. No blank line ends them, so an event whose last lines are missing is not taken for
// complete; `after_part_of_line` says that the line before was not finished.
std::string format_farewell(std::chrono::milliseconds pause, std::string_view reason,
                            bool after_part_of_line = false);

}  // namespace fermata::http
