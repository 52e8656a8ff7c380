#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/test_server.h"
#include "http/test_socket.h"

namespace fermata::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Router::RouteHandler answer_with(const std::string& name) {
    return [name](const Request& request, const Responder& responder) {
        std::string text = name;
        for (const Field& param : request.params) {
            text += " " + param.name + "=" + param.value;
        }
        responder.send(Response::text(200, text));
    };
}

class RouterTest : public testing::Test {
  protected:
    RouterTest() {
        router_.add("GET", "/sessions", answer_with("list"));
        router_.add("GET", "/sessions/{id}", answer_with("get"));
        router_.add("DELETE", "/sessions/{id}", answer_with("delete"));
        router_.add("GET", "/sessions/metrics", answer_with("metrics"));
        router_.add("POST", "/sessions/{id}/events/{name}", answer_with("event"), {100});
        router_.add("GET", "/console/{path...}", answer_with("file"));
        server_ = serve(router_.handler());
    }

    std::string ask(const std::string& method, const std::string& target,
                    const std::string& fields = "") {
        return TestSocket(server_->port())
            .exchange(method + " " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
                      fields + "\r\n");
    }

    Router router_;
    std::unique_ptr<Server> server_;
};

TEST_F(RouterTest, picks_the_handler_by_method_and_path) {
    EXPECT_THAT(ask("GET", "/sessions?limit=1"), HasSubstr("\r\n\r\nlist"));
    EXPECT_THAT(ask("GET", "/sessions/12"), HasSubstr("\r\n\r\nget id=12"));
    EXPECT_THAT(ask("DELETE", "/sessions/12"), HasSubstr("\r\n\r\ndelete id=12"));
    EXPECT_THAT(ask("POST", "/sessions/12/events/a.b"), HasSubstr("\r\n\r\nevent id=12 name=a.b"));
}

TEST_F(RouterTest, decodes_parameters_after_splitting) {
    EXPECT_THAT(ask("GET", "/sessions/a%2Fb%20c"), HasSubstr("get id=a/b c"));
}

TEST_F(RouterTest, prefers_a_literal_segment) {
    EXPECT_THAT(ask("GET", "/sessions/metrics"), HasSubstr("\r\n\r\nmetrics"));
    EXPECT_THAT(ask("DELETE", "/sessions/metrics"), HasSubstr("delete id=metrics"));
}

TEST_F(RouterTest, gives_the_rest_of_a_path) {
    EXPECT_THAT(ask("GET", "/console/assets/app.js"), HasSubstr("file path=assets/app.js"));
    EXPECT_THAT(ask("GET", "/console/"), HasSubstr("file path="));
}

TEST_F(RouterTest, answers_404_with_a_problem) {
    for (const char* path : {"/", "/nothing", "/sessions/", "/sessions/1/2", "/console"}) {
        const std::string answer = ask("GET", path);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 ")) << path;
        EXPECT_THAT(answer, HasSubstr("application/problem+json"));
    }
}

TEST_F(RouterTest, answers_405_with_what_is_allowed) {
    const std::string answer = ask("PUT", "/sessions/12");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer, HasSubstr("Allow: DELETE, GET, HEAD, OPTIONS\r\n"));
}

TEST_F(RouterTest, answers_head_through_get_and_options_itself) {
    EXPECT_THAT(ask("HEAD", "/sessions"), HasSubstr("Content-Length: 4\r\n"));
    EXPECT_THAT(ask("HEAD", "/sessions"), Not(HasSubstr("list")));
    const std::string options = ask("OPTIONS", "/sessions");
    EXPECT_THAT(options, StartsWith("HTTP/1.1 204 "));
    EXPECT_THAT(options, HasSubstr("Allow: GET, HEAD, OPTIONS\r\n"));
    EXPECT_THAT(ask("OPTIONS", "*"), StartsWith("HTTP/1.1 204 "));
}

TEST_F(RouterTest, gives_a_route_a_body_bound_of_its_own) {
    EXPECT_THAT(ask("POST", "/sessions/1/events/e", "Content-Length: 101\r\n"),
                StartsWith("HTTP/1.1 413 "));
}

TEST_F(RouterTest, lets_the_caller_write_the_errors) {
    Router router;
    router.set_error_writer([](const Request& request, const Problem& problem) {
        return Response::text(problem.status, "own error for " + request.path);
    });
    const auto server = serve(router.handler());
    EXPECT_THAT(TestSocket(server->port())
                    .exchange("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                HasSubstr("own error for /x"));
}

}  // namespace
}  // namespace fermata::http
