// Two instances on one store: whichever a request comes to, the owner of its session answers.
#include <filesystem>
#include <fstream>
#include <future>

#include <unistd.h>

#include "api/answers.h"
#include "api/forwarding_fixture.h"
#include "api/hop.h"
#include "value/value.h"

namespace fermata::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ForwardingTest : public ForwardingFixture {
  protected:
    static constexpr Partition kMine = 2;
    static constexpr Partition kTheirs = 5;

    ForwardingTest() {
        give(*one_, kMine);
        give(*two_, kTheirs);
    }

    void start_theirs() { ASSERT_EQ(start(two_->url, theirs_).status, 201); }
    // How often the session of that name has counted.
    std::string count_of(const Instance& instance, const std::string& name) {
        const std::string body = call("GET", instance.url + "/api/v1/sessions/" + name).body;
        const std::size_t at = body.find(R"("n":)");
        return at == std::string::npos ? body : body.substr(at + 4, body.find('}', at) - at - 4);
    }
    std::string figure(const Instance& instance, const std::string& name) {
        const std::string text = call("GET", instance.url + "/metrics").body;
        const std::size_t at = text.find("\n" + name + " ");
        return at == std::string::npos
                   ? ""
                   : text.substr(at + name.size() + 2,
                                 text.find('\n', at + 1) - at - name.size() - 2);
    }

    const std::string theirs_ = name_in(kTheirs);
    std::unique_ptr<Instance> one_ = make_instance(1);
    std::unique_ptr<Instance> two_ = make_instance(2);
};

TEST_F(ForwardingTest, EveryKindOfRequestIsAnsweredByTheOwner) {
    const std::string session = one_->url + "/api/v1/sessions/" + theirs_;
    const std::string ors = one_->url + "/scxml/session/" + theirs_;

    const auto started = start(one_->url, theirs_);
    EXPECT_EQ(started.status, 201) << started.body;
    EXPECT_THAT(started.headers.get("Location"), StartsWith("/api/v1/sessions/"));
    EXPECT_EQ(call("POST", session + "/events", R"({"name": "go"})").body, R"({"seq":2})");
    EXPECT_EQ(call("GET", ors + "/event/go?x=1").status, 200);
    EXPECT_EQ(call("POST", ors + "/event/go").status, 200);
    EXPECT_EQ(call("POST", ors + "/basichttp?_scxmleventname=go").status, 204);
    EXPECT_EQ(call("POST", session + "/requests/ask", "{}").body,
              R"({"event":"told","data":{"n":4}})");
    EXPECT_EQ(call("POST", ors + "/request/ask", "{}").body, R"({"n":4})");
    EXPECT_EQ(call("GET", ors + "/request/ask").body, R"({"n":4})");
    EXPECT_THAT(call("GET", session).body, HasSubstr(R"("n":4)"));
    EXPECT_THAT(call("GET", ors + "/query").body, HasSubstr(R"("n":4)"));
    EXPECT_EQ(call("GET", session + "/journal").body, R"({"entries":[]})");
    EXPECT_EQ(call("GET", session + "/journal?limit=0").status, 400);
    EXPECT_EQ(call("POST", ors + "/terminate").status, 200);
    EXPECT_EQ(call("DELETE", session).status, 404);

    EXPECT_EQ(one_->engine->counters().sessions_started, 0U);
    EXPECT_EQ(two_->engine->counters().sessions_started, 1U);
    EXPECT_EQ(figure(*one_, "fermata_forwarded_total"), "14");
    EXPECT_EQ(figure(*two_, "fermata_forwarded_total"), "0");
}

TEST_F(ForwardingTest, WhatNamesNoSessionIsRefusedWhereItCame) {
    EXPECT_EQ(call("GET", one_->url + "/api/v1/sessions/" + std::string(32, 'V')).status, 404);
    EXPECT_EQ(call("POST", one_->url + "/api/v1/sessions", R"({"id": 7})").status, 400);
    EXPECT_EQ(figure(*one_, "fermata_forwarded_total"), "0");
}

TEST_F(ForwardingTest, TheCookieNamesTheNodeOfTheOwner) {
    const std::string body = R"({"src": "document:counting"})";
    ASSERT_EQ(call("PUT", one_->url + "/api/v1/documents/counting", kChart,
                   {{"Content-Type", "application/scxml+xml"}})
                  .status,
              200);
    const auto cookie_with = [&](const http::Headers& headers) {
        return std::string(call("POST", one_->url + "/scxml/session/start", body, headers)
                               .headers.get("Set-Cookie"));
    };

    EXPECT_THAT(cookie_with({}), AllOf(StartsWith("ORSSESSIONID="), HasSubstr(".node1;")));
    EXPECT_THAT(cookie_with(key(theirs_)),
                AllOf(StartsWith("ORSSESSIONID="), HasSubstr(".node2;")));
}

TEST_F(ForwardingTest, AnInstanceThatOwnsNothingStartsSessionsElsewhere) {
    take(*one_, kMine);

    const auto started = call("POST", one_->url + "/api/v1/sessions",
                              R"({"document": ")" + std::string(kChart) + R"("})");

    EXPECT_EQ(started.status, 201) << started.body;
    EXPECT_EQ(two_->engine->counters().sessions_started, 1U);
}

TEST_F(ForwardingTest, RedirectsWithPathAndQueryKept) {
    Options redirecting = options();
    redirecting.forwarding = ForwardingMode::kRedirect;
    const auto three = make_instance(3, redirecting);
    start_theirs();

    const auto event = call(
        "POST", three->url + "/scxml/session/" + theirs_ + "/event/go%20on?a=b%20c&d=%2F", "{}");
    const auto named = start(three->url, name_in(kTheirs, "other-"));

    EXPECT_EQ(event.status, 307);
    EXPECT_EQ(event.headers.get("Location"),
              two_->url + "/scxml/session/" + theirs_ + "/event/go%20on?a=b%20c&d=%2F");
    EXPECT_EQ(named.status, 307);
    EXPECT_EQ(named.headers.get("Location"), two_->url + "/api/v1/sessions");
    EXPECT_EQ(figure(*three, "fermata_redirected_total"), "2");
    EXPECT_EQ(count_of(*two_, theirs_), "0");
}

TEST_F(ForwardingTest, ANodeWithoutAnExternalUrlIsAskedByProxy) {
    Options redirecting = options();
    redirecting.forwarding = ForwardingMode::kRedirect;
    const auto three = make_instance(3, redirecting);
    start_theirs();
    Place place = truth_.place(2);
    place.external_url.clear();
    truth_.set_node(2, place);

    EXPECT_EQ(call("GET", three->url + "/api/v1/sessions/" + theirs_).status, 200);
}

TEST_F(ForwardingTest, WhatWasForwardedOnceIsNotForwardedAgain) {
    start_theirs();

    const auto refused = call("POST", one_->url + "/api/v1/sessions/" + theirs_ + "/events",
                              R"({"name": "go"})", {{"Fermata-Forwarded", "7"}});

    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"not-owner")"));
    EXPECT_EQ(refused.headers.get("Retry-After"), "1");
    EXPECT_TRUE(refused.headers.contains(kNotHereHeader));
    EXPECT_EQ(figure(*one_, "fermata_forwarded_total"), "0");
}

TEST_F(ForwardingTest, AnOwnerThatIsNoneAnyMoreIsDoubtedAndTheNewOneFound) {
    ASSERT_EQ(start(one_->url, name_in(kMine)).status, 201);
    one_->cluster.believe(kMine, 2);  // it is ours, in truth

    const auto sent = call("POST", one_->url + "/api/v1/sessions/" + name_in(kMine) + "/events",
                           R"({"name": "go"})");

    EXPECT_EQ(sent.status, 200) << sent.body;
    EXPECT_EQ(one_->cluster.doubts, 1);
    EXPECT_EQ(count_of(*one_, name_in(kMine)), "1");
}

TEST_F(ForwardingTest, WhatTheOwnEngineDoesNotServeAnyMoreGoesToTheNewOwner) {
    start_theirs();
    take(*two_, kTheirs);
    give(*one_, kTheirs);
    two_->cluster.believe(kTheirs, 2);

    const auto sent =
        call("POST", two_->url + "/api/v1/sessions/" + theirs_ + "/events", R"({"name": "go"})");

    EXPECT_EQ(sent.status, 200) << sent.body;
    EXPECT_GE(two_->cluster.doubts, 1);
    EXPECT_EQ(count_of(*one_, theirs_), "1");
}

TEST_F(ForwardingTest, AnEventForNobodyWaitsInTheInboxAndItsReceiptTellsOfIt) {
    start_theirs();
    take(*two_, kTheirs);
    const std::string events = one_->url + "/api/v1/sessions/" + theirs_ + "/events";

    const auto accepted = call("POST", events, R"({"name": "go"})", key("once"));
    EXPECT_EQ(accepted.status, 202) << accepted.body;
    const std::string location(accepted.headers.get("Location"));
    EXPECT_THAT(location, StartsWith("/api/v1/receipts/5-"));
    EXPECT_EQ(accepted.body, R"({"receipt":")" + location.substr(17) + R"("})");
    EXPECT_EQ(call("GET", one_->url + "/scxml/session/" + theirs_ + "/event/go").status, 202);
    EXPECT_EQ(call("GET", two_->url + location).body, R"({"state":"waiting"})");
    EXPECT_EQ(figure(*one_, "fermata_inbox_events_total"), "2");

    give(*one_, kTheirs);
    EXPECT_TRUE(http::becomes([&] { return count_of(*one_, theirs_) == "2"; }));
    EXPECT_EQ(call("GET", two_->url + location).body, R"({"state":"taken"})");
    const auto repeated = call("POST", events, R"({"name": "go"})", key("once"));
    EXPECT_EQ(repeated.status, 200);
    EXPECT_EQ(repeated.headers.get("Idempotent-Replay"), "true");
    EXPECT_EQ(count_of(*one_, theirs_), "2");
    EXPECT_EQ(call("GET", two_->url + "/api/v1/receipts/nothing").status, 404);
}

TEST_F(ForwardingTest, WhatCannotWaitInTheInboxIsRefusedWhileNobodyOwnsIt) {
    start_theirs();
    take(*two_, kTheirs);
    const std::string session = one_->url + "/api/v1/sessions/" + theirs_;

    for (const auto& refused : {call("GET", session), call("DELETE", session),
                                call("POST", session + "/requests/ask", "{}"),
                                call("POST", session + "/events", R"({"name": "go", "delay": 5})"),
                                start(one_->url, name_in(kTheirs, "other-"))}) {
        EXPECT_EQ(refused.status, 503) << refused.effective_url;
        EXPECT_EQ(refused.headers.get("Retry-After"), "1");
        EXPECT_THAT(refused.body, HasSubstr("nobody owns"));
    }
    EXPECT_EQ(call("POST", session + "/events", R"({"title": "go"})").status, 400);
}

TEST_F(ForwardingTest, AMomentWithoutOwnerIsWaitedFor) {
    start_theirs();
    take(*two_, kTheirs);

    auto shown = call_later("GET", one_->url + "/api/v1/sessions/" + theirs_);
    give(*one_, kTheirs);

    EXPECT_EQ(shown.get().status, 200);
}

TEST_F(ForwardingTest, GivesUpWhenTheTimeIsOver) {
    Options hasty = options();
    hasty.answer_timeout = std::chrono::seconds(1);
    const auto three = make_instance(3, hasty);
    truth_.set_node(4, {Place::Where::kNode, 4, "http://127.0.0.1:1", "", ""});
    truth_.set_owner(7, 4);

    const auto refused = call("GET", three->url + "/api/v1/sessions/" + name_in(7));

    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.get("Retry-After"), "1");
    EXPECT_THAT(refused.body, HasSubstr("node 4 (http://127.0.0.1:1)"));
    EXPECT_THAT(figure(*three, "fermata_forwarding_repeats_total"), Not(testing::AnyOf("0", "")));
}

// ---- tokens, and what instances tell each other

class PeersTest : public ForwardingTest {
  public:
    ~PeersTest() override { std::filesystem::remove(path_); }

  protected:
    PeersTest() {
        std::ofstream(path_) << "look reader R\nrun operator O\nrule admin A\n";
        tokens_ = *http::TokenFile::load(path_.string());
        Options guarded = options();
        guarded.own_secret = "own-3";
        three_ = make_instance(3, guarded, tokens_.get());
        guarded.own_secret = "own-4";
        guarded.forwarding = ForwardingMode::kRedirect;
        four_ = make_instance(4, guarded, tokens_.get());
        give(*three_, 6);
    }

    const std::filesystem::path path_ =
        std::filesystem::temp_directory_path() / ("fermata-peers-" + std::to_string(getpid()));
    std::unique_ptr<http::TokenFile> tokens_;
    std::unique_ptr<Instance> three_;
    std::unique_ptr<Instance> four_;
    const http::Headers admin_{{"Authorization", "Bearer rule"}};
};

TEST_F(PeersTest, TokensAreCheckedByBothAndTravel) {
    const std::string name = name_in(6);
    const std::string session = "/api/v1/sessions/" + name;
    const std::string body = R"({"id": ")" + name + R"(", "document": ")" + kChart + R"("})";
    ASSERT_EQ(call("POST", one_->url + "/api/v1/sessions", body).status, 401);  // the owner says so
    ASSERT_EQ(call("POST", one_->url + "/api/v1/sessions", body, admin_).status, 201);

    EXPECT_EQ(call("GET", one_->url + session, "", {{"Authorization", "Bearer look"}}).status, 200);
    EXPECT_EQ(call("DELETE", one_->url + session, "", {{"Authorization", "Bearer look"}}).status,
              403);
}

TEST_F(PeersTest, AChartsOwnMessageIsTakenOnTheWordOfThePeer) {
    const std::string name = name_in(6);
    const std::string body = R"({"id": ")" + name + R"(", "document": ")" + kChart + R"("})";
    ASSERT_EQ(call("POST", three_->url + "/api/v1/sessions", body, admin_).status, 201);
    const std::string path = "/scxml/session/" + name + "/basichttp?_scxmleventname=go";

    // Not redirected either: the secret is for nobody else.
    EXPECT_EQ(call("POST", four_->url + path, "", {{"Fermata-Own-Secret", "own-4"}}).status, 204);

    EXPECT_EQ(call("POST", four_->url + path, "", {{"Fermata-Own-Secret", "own-3"}}).status, 401);
    EXPECT_EQ(call("POST", three_->url + path, "",
                   {{"Fermata-Peer", "secret-4"}, {"Fermata-Forwarded", "4"}})
                  .status,
              401);
    EXPECT_EQ(call("DELETE", three_->url + "/api/v1/sessions/" + name, "",
                   {{"Fermata-Peer", "secret-3"}, {"Fermata-Forwarded", "4"}})
                  .status,
              401);
}

TEST_F(PeersTest, HintsAreTakenFromPeersOnly) {
    const std::string url = three_->url + "/internal/inbox/6";

    EXPECT_EQ(call("POST", url, "", {{"Fermata-Peer", "secret-3"}}).status, 204);
    EXPECT_EQ(call("POST", url, "", {{"Fermata-Peer", "secret-4"}}).status, 403);
    EXPECT_EQ(call("POST", url, "", admin_).status, 403);
    EXPECT_EQ(call("POST", one_->url + "/internal/inbox/6").status, 403);
    EXPECT_EQ(
        call("POST", three_->url + "/internal/inbox/x6", "", {{"Fermata-Peer", "secret-3"}}).status,
        400);

    EXPECT_THAT(three_->cluster.hints(), testing::ElementsAre(6));
}

TEST_F(PeersTest, AnAnswerOfAnotherInstanceReachesTheCaller) {
    const std::string name = name_in(6);
    const std::string document =
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='ecmascript'>"
        "<datamodel><data id='to'/></datamodel><state id='a'>"
        "<transition event='ask'><assign location='to' expr='_event.origin'/></transition>"
        "</state></scxml>";
    const std::string body = R"({"id": ")" + name + R"(", "document": ")" + document + R"("})";
    ASSERT_EQ(call("POST", three_->url + "/api/v1/sessions", body, admin_).status, 201);
    const std::string session = three_->url + "/api/v1/sessions/" + name;
    auto asked = std::async(std::launch::async,
                            [&] { return call("POST", session + "/requests/ask", "", admin_); });
    std::string address;
    ASSERT_TRUE(http::becomes([&] {
        const std::string shown = call("GET", session, "", admin_).body;
        const std::size_t at = shown.find("#_request_");
        address =
            at == std::string::npos ? "" : shown.substr(at + 10, shown.find('"', at) - at - 10);
        return !address.empty();
    }));
    http::FetchRequest answer =
        answer_request(three_->url, "secret-3", {address, "done", *value::Value::from_json("[7]")});

    EXPECT_EQ(call("POST", answer.url, answer.body, {{"Fermata-Peer", "secret-4"}}).status, 403);
    EXPECT_EQ(call("POST", answer.url, answer.body, admin_).status, 403);
    EXPECT_EQ(call("POST", answer.url, "[]", {{"Fermata-Peer", "secret-3"}}).status, 400);
    EXPECT_EQ(call("POST", answer.url, answer.body, {{"Fermata-Peer", "secret-3"}}).status, 204);
    EXPECT_EQ(call("POST", answer.url, answer.body, {{"Fermata-Peer", "secret-3"}}).status, 204);

    const auto told = asked.get();
    EXPECT_EQ(told.status, 200);
    EXPECT_EQ(told.body, R"({"event":"done","data":[7]})");
}

TEST_F(PeersTest, RebalanceIsToldToEveryActingInstanceOnce) {
    ClusterView view;
    view.node = 3;
    const auto add = [&](const Instance& instance, const std::string& role, bool alive) {
        InstanceView seen;
        seen.node = instance.node;
        seen.role = role;
        seen.alive = alive;
        seen.self = instance.node == 3;
        seen.internal_url = instance.url;
        view.instances.push_back(seen);
    };
    add(*one_, "standby", true);
    add(*two_, "acting", false);
    add(*three_, "acting", true);
    add(*four_, "acting", true);
    three_->cluster.set_view(view);
    view.node = 4;
    four_->cluster.set_view(view);

    const auto done = call("POST", three_->url + "/api/v1/cluster/rebalance", "", admin_);

    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(done.body, R"({"nodes":[{"node":3,"done":true},{"node":4,"done":true}]})");
    EXPECT_EQ(three_->cluster.rebalances, 1);
    EXPECT_EQ(four_->cluster.rebalances, 1);
    EXPECT_EQ(one_->cluster.rebalances + two_->cluster.rebalances, 0);
    four_->server->stop(std::chrono::seconds(0));
    EXPECT_THAT(call("POST", three_->url + "/api/v1/cluster/rebalance", "", admin_).body,
                HasSubstr(R"({"node":4,"done":false,"reason":")"));
}

TEST_F(PeersTest, DrainIsForThisInstance) {
    const auto begun = call("POST", three_->url + "/api/v1/cluster/drain", "", admin_);

    EXPECT_EQ(begun.status, 202);
    EXPECT_EQ(begun.body, R"({"draining":true})");
    EXPECT_EQ(three_->cluster.drains, 1);
    EXPECT_EQ(
        call("POST", three_->url + "/api/v1/cluster/drain", "", {{"Authorization", "Bearer run"}})
            .status,
        403);
}

TEST_F(PeersTest, TheClusterIsShownWithoutItsSecrets) {
    ClusterView view;
    view.name = "c";
    view.node = 3;
    view.role = "acting";
    view.lease_left_ms = 2900;
    view.partitions = {{3, 7}, {0, 2}};
    InstanceView other;
    other.node = 4;
    other.role = "standby";
    other.version = "1.2";
    view.instances = {other};
    three_->cluster.set_view(view);

    const std::string shown = call("GET", three_->url + "/api/v1/cluster", "", admin_).body;

    ASSERT_TRUE(value::Value::from_json(shown)) << shown;
    EXPECT_THAT(shown, StartsWith(R"({"name":"c","node":3,"role":"acting",)"));
    EXPECT_THAT(shown, HasSubstr(R"("lease_left_ms":2900)"));
    EXPECT_THAT(shown, HasSubstr(R"({"node":4,"role":"standby","self":false)"));
    EXPECT_THAT(shown, HasSubstr(R"("partitions":[{"node":3,"epoch":7},{"node":0,"epoch":2}]})"));
    EXPECT_THAT(shown, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace fermata::api
