#include "api/streams.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <vector>

#include "api/problem.h"
#include "api/reply.h"
#include "api/resources.h"
#include "api/session_json.h"
#include "base/random.h"
#include "http/sse.h"

namespace fermata::api {

namespace {

// After which a client whose session has moved should come back.
constexpr std::chrono::milliseconds kComeBackAfter{1'000};
// How often it is looked whether sessions have moved: nothing is told of one meanwhile.
constexpr std::chrono::milliseconds kLookForMovedEvery{250};

}  // namespace

// Writes moments to one client. Shared by the subscription's sink, which runs under a lock of the
// engine and therefore must never be the one to end a subscription: this class does not own it.
class Streams::Writer {
  public:
    Writer(http::Stream stream, std::string run, bool one_session)
        : stream_(std::move(stream)), run_(std::move(run)), one_session_(one_session) {}

    http::Stream& stream() { return stream_; }

    void tell_gap() {
        const std::lock_guard lock(mutex_);
        gap_ = true;
    }

    void moment(const engine::LiveMoment& moment, bool gap) {
        const std::lock_guard lock(mutex_);
        gap_ = gap_ || gap;
        if (gap_ && !stream_.write(
                        http::format_event("", "gap", R"({"reason":"moments were left out"})"))) {
            return;
        }
        const std::string id = run_ + "-" + std::to_string(moment.id);
        gap_ = !stream_.write(
            http::format_event(id, engine::to_string(moment.kind), moment_json(moment)));
        if (one_session_ && moment.kind == engine::LiveMoment::Kind::kEnded) {
            stream_.close();
        }
    }

    // Only when nothing waits: a comment must not push out a moment.
    void beat() {
        if (stream_.buffered_bytes() == 0) {
            stream_.write(http::format_comment("heartbeat"));
        }
    }

    void say_goodbye(std::string_view reason) {
        const std::lock_guard lock(mutex_);
        stream_.write(http::format_farewell(kComeBackAfter, reason));
        stream_.close();
    }

  private:
    std::mutex mutex_;
    bool gap_ = false;  // under mutex_: moments were lost since the last one written
    http::Stream stream_;
    const std::string run_;
    const bool one_session_;
};

struct Streams::Live {
    std::shared_ptr<Writer> writer;
    std::unique_ptr<engine::Subscription> subscription;
    std::string session;  // empty: all
};

Streams::Streams(engine::Engine& engine, std::size_t streams_max,
                 std::chrono::milliseconds heartbeat_interval, IsElsewhere is_elsewhere)
    : engine_(engine),
      streams_max_(streams_max),
      heartbeat_interval_(heartbeat_interval),
      is_elsewhere_(std::move(is_elsewhere)),
      run_(std::to_string(Random::from_entropy().next())),
      heart_([this](const std::stop_token& stopping) { live_on(stopping); }) {}

Streams::~Streams() {
    stop();
}

void Streams::open(const http::Responder& responder, const std::string& session,
                   std::string_view last_event_id) {
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (stopped_) {
            responder.send(problem("unavailable", "the server is stopping"));
            return;
        }
        if (live_.size() >= streams_max_) {
            responder.send(
                problem("overloaded", "there are " + std::to_string(live_.size()) +
                                          " event streams already ([http] max-streams)"));
            return;
        }
        number = next_number_++;
        live_.emplace(number, nullptr);  // holds the place
    }
    const auto resume = parse_resume(last_event_id);
    const http::Headers headers{{"Content-Type", std::string(http::kEventStreamType)},
                                {"Cache-Control", "no-store"},
                                {"X-Accel-Buffering", "no"}};
    auto live = std::make_shared<Live>();
    live->session = session;
    live->writer =
        std::make_shared<Writer>(responder.start_stream(200, headers), run_, !session.empty());
    live->writer->stream().write(http::format_comment("fermata"));
    if (resume && !resume->same_run) {
        live->writer->tell_gap();
    }
    engine::SubscribeRequest request;
    request.session = session;
    if (resume) {
        request.after_id = resume->after_id;
    }
    request.sink = [writer = live->writer](const engine::LiveMoment& moment, bool gap) {
        writer->moment(moment, gap);
    };
    live->subscription = engine_.subscribe(std::move(request));
    http::Stream stream = live->writer->stream();
    {
        const std::lock_guard lock(mutex_);
        const auto place = live_.find(number);
        if (place != live_.end()) {
            place->second = std::move(live);
        }
    }
    stream.on_close([this, number] { remove(number); });
}

std::optional<ResumePoint> Streams::parse_resume(std::string_view last_event_id) const {
    const std::size_t dash = last_event_id.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    if (last_event_id.substr(0, dash) != run_) {
        return ResumePoint{0, false};
    }
    ResumePoint point;
    const std::string_view digits = last_event_id.substr(dash + 1);
    const auto parsed =
        std::from_chars(digits.data(), digits.data() + digits.size(), point.after_id);
    return parsed.ec == std::errc() ? std::optional(point) : std::nullopt;
}

std::size_t Streams::count() const {
    const std::lock_guard lock(mutex_);
    return live_.size();
}

void Streams::remove(std::uint64_t number) {
    std::shared_ptr<Live>
        ended;  // declared before the lock: destroyed after it, as that waits for the sink
    const std::lock_guard lock(mutex_);
    const auto place = live_.find(number);
    if (place != live_.end()) {
        ended = std::move(place->second);
        live_.erase(place);
    }
}

// Heartbeats at their interval, and in between a look at what has moved.
void Streams::live_on(const std::stop_token& stopping) {
    using std::chrono::steady_clock;
    const auto step =
        is_elsewhere_ ? std::min(heartbeat_interval_, kLookForMovedEvery) : heartbeat_interval_;
    steady_clock::time_point last_beat = steady_clock::now();
    std::mutex idle;
    std::condition_variable_any wake;
    std::unique_lock waiting(idle);
    while (!wake.wait_for(waiting, stopping, step, [&] { return stopping.stop_requested(); })) {
        if (is_elsewhere_) {
            end_moved();
        }
        if (steady_clock::now() - last_beat >= heartbeat_interval_) {
            last_beat = steady_clock::now();
            beat();
        }
    }
}

std::vector<std::pair<std::uint64_t, std::shared_ptr<Streams::Live>>> Streams::all() const {
    std::vector<std::pair<std::uint64_t, std::shared_ptr<Live>>> open;
    const std::lock_guard lock(mutex_);
    for (const auto& [number, live] : live_) {
        if (live != nullptr) {
            open.emplace_back(number, live);
        }
    }
    return open;
}

void Streams::beat() {
    for (const auto& [number, live] : all()) {
        live->writer->beat();
        if (!live->writer->stream().is_open()) {
            remove(number);
        }
    }
}

void Streams::end_moved() {
    for (const auto& [number, live] : all()) {
        if (!live->session.empty() && is_elsewhere_(live->session)) {
            live->writer->say_goodbye("the session has another owner now");
            remove(number);
        }
    }
}

void Streams::stop() {
    heart_.request_stop();
    std::map<std::uint64_t, std::shared_ptr<Live>> ended;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        ended.swap(live_);
    }
    for (auto& [number, live] : ended) {
        if (live != nullptr) {
            live->writer->say_goodbye("this instance stops");
        }
    }
}

Routes stream_routes(Context& context) {
    const std::vector<Parameter> resume{
        {"Last-Event-ID", "header", "string",
         "go on behind this event, as far as the server remembers"}};
    const Answer stream{200, "moments as they are committed", http::kEventStreamType, "Moment"};
    return {
        {"GET",
         "/api/v1/events",
         "streamAll",
         "streams",
         "live moments of all sessions",
         Access::kRead,
         resume,
         {},
         {stream},
         [&context](const http::Request& request, const http::Responder& responder) {
             context.streams.open(responder, "", request.headers.get("Last-Event-ID"));
         }},
        {"GET",
         "/api/v1/sessions/{id}/events",
         "streamSession",
         "streams",
         "live moments of one session; the stream ends with it",
         Access::kRead,
         resume,
         {},
         {stream, {204, "the session has ended: there is nothing to wait for", "", ""}},
         [&context](const http::Request& request, const http::Responder& responder) {
             const std::string last(request.headers.get("Last-Event-ID"));
             const std::string id(request.param("id"));
             context.engine.query(
                 id, [&context, responder, last, id](const Result<engine::SessionView>& view) {
                     if (!view) {
                         responder.send(to_response(view.error()));
                     } else if (view->summary.ended_ms != 0) {
                         responder.send(http::Response::empty(204));
                     } else {
                         context.streams.open(responder, id, last);
                     }
                 });
         },
         std::nullopt,
         {Subject::kSession}},
    };
}

}  // namespace fermata::api
