// DemoServer: a `fermata serve` process of the demo's own, and calls to it.
//
// Threads: one owner. The process is ended with the object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>
#include <sys/types.h>

#include "base/result.h"
#include "http/client.h"

namespace fermata::app {

class DemoServer {
  public:
    // `options` as on the command line: "--http.port=0".
    static Result<std::unique_ptr<DemoServer>> start(const std::string& program,
                                                     const std::vector<std::string>& options);
    DemoServer(const DemoServer&) = delete;
    DemoServer& operator=(const DemoServer&) = delete;
    ~DemoServer();

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] pid_t process() const { return process_; }
    // kill -9
    void kill();
    // SIGTERM, and waits for the end.
    void stop();
    // Waits until it ends by itself or by a signal to the group.
    void wait();

    // The JSON body of a 2xx answer; otherwise an Error with its text. `body` empty: none.
    Result<boost::json::value> call(const std::string& method, const std::string& path,
                                    const std::string& body = "",
                                    const std::string& content_type = "application/json");

  private:
    DemoServer() = default;
    void end(int signal);

    pid_t process_ = -1;
    std::string url_;
    std::unique_ptr<http::Client> client_;
};

}  // namespace fermata::app
