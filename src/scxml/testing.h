// Simulation: sessions for tests, with an engine of the simplest kind around them: one queue of
// messages ordered by virtual time, invoked children in the same place, nothing stored.
//
// What happens is written down as lines such as "enter a", "exit a", "event e", "log label value"
// and "send e", so that a test compares text. Header only; needs the scxml and script libraries.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "script/data_model.h"
#include "scxml/interpreter.h"
#include "scxml/loader.h"

namespace fermata::scxml::testing {

// `inside` as a document of its own.
inline std::string document(std::string_view inside, std::string_view datamodel = "ecmascript",
                            std::string_view attributes = "") {
    return "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" datamodel=\"" +
           std::string(datamodel) + "\" " + std::string(attributes) + ">" + std::string(inside) +
           "</scxml>";
}

inline value::Event event(std::string name, value::Value data = {}) {
    value::Event made;
    made.name = std::move(name);
    made.data = std::move(data);
    return made;
}

class Simulation {
  public:
    using Fetch = std::function<Result<std::string>(const std::string& url)>;

    explicit Simulation(const SessionLimits& limits = {})
        : limits_(limits), interpreter_(std::make_unique<Interpreter>(limits)) {
        RuntimeOptions options;
        options.limits = limits;
        runtime_ = std::move(script::Runtime::create(options).value());
    }

    void set_fetch(Fetch fetch) { fetch_ = std::move(fetch); }
    // From now on should_stop() says yes.
    void set_stop(bool stop) { stop_ = stop; }
    void set_unreachable(std::string target) { unreachable_ = std::move(target); }

    // Null when the document is refused; problems() then says why.
    std::shared_ptr<const Chart> compile(const std::string& text, const std::string& url) {
        ResourceSet resources;
        DocumentText document;
        document.url = url;
        document.bytes = text;
        LoadOutcome outcome = load(document, resources, {});
        while (!outcome.missing.empty()) {
            for (const std::string& missing : outcome.missing) {
                resources.add(missing, fetch_ ? fetch_(missing)
                                              : Error(ErrorCode::kNotFound, "no such resource"));
            }
            outcome = load(document, resources, {});
        }
        problems_ = findings_text(outcome.findings);
        return outcome.chart;
    }
    [[nodiscard]] const std::string& problems() const { return problems_; }

    // The main session; runs until nothing is due now.
    void start(const std::string& text, const Parameters& parameters = {},
               const std::string& url = "file:///charts/test.scxml") {
        std::shared_ptr<const Chart> chart = compile(text, url);
        ASSERT_NE(chart, nullptr) << problems_;
        add("main", "", "", std::move(chart), parameters);
        run_for(0);
    }
    void send(value::Event sent) {
        post(now_ms_, "main", std::move(sent), "");
        run_for(0);
    }
    void send(std::string name, value::Value data = {}) {
        send(event(std::move(name), std::move(data)));
    }
    void cancel() {
        One& one = *sessions_.at("main");
        Effects effects;
        interpreter_->cancel(one.session, one, effects, &one);
        carry_out(one, effects);
    }

    // Lets virtual time pass, until everything is quiet or `duration_ms` is over.
    void run_for(std::int64_t duration_ms) {
        const std::int64_t end_ms = now_ms_ + duration_ms;
        while (!due_.empty() && due_.begin()->first.first <= end_ms && steps_ < kStepsMax) {
            Message message = std::move(due_.begin()->second);
            now_ms_ = std::max(now_ms_, due_.begin()->first.first);
            due_.erase(due_.begin());
            deliver(message);
        }
        now_ms_ = end_ms;
    }

    [[nodiscard]] const Session& session() const { return sessions_.at("main")->session; }
    [[nodiscard]] bool is_running() const { return session().state.running; }
    // Active atomic states, joined by blanks.
    [[nodiscard]] std::string active() const {
        std::string text;
        for (const std::string& id : session().state.active_ids(*session().chart, true)) {
            text += (text.empty() ? "" : " ") + id;
        }
        return text;
    }
    // Lines since the last call, joined by "; ", only those with one of the given first words.
    std::string take_trace(std::string_view words = "enter exit event log send cancel invoke end") {
        std::string text;
        for (const std::string& line : trace_) {
            const std::string word = line.substr(0, line.find(' '));
            if (words.find(word) != std::string_view::npos) {
                text += (text.empty() ? "" : "; ") + line;
            }
        }
        trace_.clear();
        return text;
    }
    [[nodiscard]] const std::vector<EndEffect>& ends() const { return ends_; }
    [[nodiscard]] const Effects& effects() const { return effects_; }
    [[nodiscard]] value::Value data(const std::string& name);

  private:
    using RuntimeOptions = script::RuntimeOptions;
    static constexpr std::size_t kStepsMax = 100'000;

    // One session, and what it may ask.
    struct One final : Surroundings, Observer {
        One(Simulation& simulation, std::string its_id)
            : owner(simulation), id(std::move(its_id)) {}

        [[nodiscard]] std::string session_id() const override { return id; }
        [[nodiscard]] std::vector<script::IoProcessor> io_processors() const override {
            return {{std::string(kScxmlProcessor), "#_scxml_" + id},
                    {std::string(kBasicHttpProcessor), "http://127.0.0.1/" + id}};
        }
        [[nodiscard]] bool should_stop() const override { return owner.stop_; }
        [[nodiscard]] bool is_reachable(std::string_view target) const override {
            return target != owner.unreachable_ && !owner.find_target(*this, target).empty();
        }
        [[nodiscard]] std::string unique_id() override {
            return "id" + std::to_string(++owner.last_id_);
        }
        void on_event(const value::Event& seen) override { note("event " + seen.name); }
        void on_exited(const Chart& chart, StateIndex state) override {
            note("exit " + chart.states()[state].id);
        }
        void on_transition(const Chart& chart, TransitionIndex transition) override {
            note("take " + chart.states()[chart.transitions()[transition].source].id);
        }
        void on_entered(const Chart& chart, StateIndex state) override {
            note("enter " + chart.states()[state].id);
        }
        void note(std::string line) {
            if (parent.empty()) {
                owner.trace_.push_back(std::move(line));
            }
        }

        Simulation& owner;
        std::string id;
        std::string parent;    // of an invoked session
        std::string invokeid;  // by which its parent knows it
        bool is_cancelled = false;
        Session session;
    };
    struct Message {
        std::string receiver;
        value::Event event;
        std::string sender;
        std::string sendid;
    };

    void add(const std::string& id, const std::string& parent, const std::string& invokeid,
             std::shared_ptr<const Chart> chart, const Parameters& parameters) {
        One& one = *(sessions_[id] = std::make_unique<One>(*this, id));
        one.parent = parent;
        one.invokeid = invokeid;
        one.session.data = runtime_->create_data_model(chart->program());
        one.session.chart = std::move(chart);
        Effects effects;
        interpreter_->start(one.session, parameters, one, effects, &one);
        carry_out(one, effects);
    }

    void post(std::int64_t due_ms, std::string receiver, value::Event sent, std::string sender,
              std::string sendid = "") {
        due_.emplace(
            std::make_pair(due_ms, ++last_sequence_),
            Message{std::move(receiver), std::move(sent), std::move(sender), std::move(sendid)});
    }

    void deliver(const Message& message) {
        ++steps_;
        const auto found = sessions_.find(message.receiver);
        if (found == sessions_.end()) {
            return;
        }
        One& one = *found->second;
        Effects effects;
        interpreter_->step(one.session, message.event, one, effects, &one);
        carry_out(one, effects);
    }

    void carry_out(One& one, Effects& effects) {
        for (Effect& effect : effects) {
            std::visit([&](auto& what) { apply(one, what); }, effect);
            if (one.parent.empty()) {
                effects_.push_back(std::move(effect));
            }
        }
    }

    // Session id, or empty when there is none.
    [[nodiscard]] std::string find_target(const One& from, std::string_view target) const {
        if (target.empty()) {
            return from.id;
        }
        if (target == "#_parent") {
            return from.parent;
        }
        constexpr std::string_view kSession = "#_scxml_";
        if (target.starts_with(kSession)) {
            const std::string id(target.substr(kSession.size()));
            return sessions_.contains(id) ? id : std::string();
        }
        for (const auto& [id, one] : sessions_) {
            if (one->parent == from.id && !one->is_cancelled && one->invokeid == target.substr(2)) {
                return id;
            }
        }
        return {};
    }

    void apply(One& one, SendEffect& effect) {
        one.note("send " + effect.event.name);
        if (effect.processor != Processor::kScxml) {
            return;
        }
        const std::string receiver = find_target(one, effect.target);
        value::Event sent = effect.event;
        sent.origin = "#_scxml_" + one.id;
        sent.origintype = kScxmlProcessor;
        if (!receiver.empty() && receiver == one.parent) {
            sent.invokeid = one.invokeid;
        }
        post(now_ms_ + effect.delay_ms, receiver, std::move(sent), one.id, effect.sendid);
    }
    void apply(One& one, CancelEffect& effect) {
        one.note("cancel " + effect.sendid);
        std::erase_if(due_, [&](const auto& entry) {
            return entry.second.sender == one.id && entry.second.sendid == effect.sendid;
        });
    }
    void apply(One& one, InvokeEffect& effect) {
        one.note("invoke " + effect.invokeid);
        std::string text = effect.content;
        std::string url = effect.url;
        if (!url.empty()) {
            Result<std::string> fetched =
                fetch_ ? fetch_(url) : Error(ErrorCode::kNotFound, "no such resource");
            text = fetched ? *fetched : std::string();
        } else {
            url = one.session.chart->url();
        }
        std::shared_ptr<const Chart> chart = compile(text, url);
        if (chart == nullptr) {
            value::Event failed = event("error.communication");
            failed.invokeid = effect.invokeid;
            post(now_ms_, one.id, std::move(failed), "");
            return;
        }
        add("child" + std::to_string(++last_id_), one.id, effect.invokeid, std::move(chart),
            effect.params);
    }
    void apply(One& one, CancelInvokeEffect& effect) {
        one.note("cancel-invoke " + effect.invokeid);
        const std::string id = find_target(one, "#_" + effect.invokeid);
        if (id.empty()) {
            return;
        }
        One& child = *sessions_.at(id);
        child.is_cancelled = true;
        Effects effects;
        interpreter_->cancel(child.session, child, effects, &child);
        carry_out(child, effects);
    }
    void apply(One& one, ForwardEffect& effect) {
        one.note("forward " + effect.event.name);
        const std::string id = find_target(one, "#_" + effect.invokeid);
        if (!id.empty()) {
            post(now_ms_, id, effect.event, one.id);
        }
    }
    void apply(One& one, LogEffect& effect) {
        one.note("log " + effect.label + (effect.label.empty() ? "" : " ") +
                 effect.value.to_text());
    }
    void apply(One& one, EndEffect& effect) {
        one.note("end");
        std::erase_if(due_, [&](const auto& entry) {
            const bool is_delayed = entry.first.first > now_ms_;
            return entry.second.receiver == one.id || (is_delayed && entry.second.sender == one.id);
        });
        if (one.parent.empty()) {
            ends_.push_back(effect);
            return;
        }
        if (!one.is_cancelled) {
            value::Event done = event("done.invoke." + one.invokeid, effect.donedata);
            done.invokeid = one.invokeid;
            post(now_ms_, one.parent, std::move(done), "");
        }
    }

    SessionLimits limits_;
    std::unique_ptr<Interpreter> interpreter_;
    std::unique_ptr<script::Runtime> runtime_;
    Fetch fetch_;
    std::map<std::string, std::unique_ptr<One>> sessions_;  // ended ones stay for questions
    std::map<std::pair<std::int64_t, std::uint64_t>, Message> due_;
    std::vector<std::string> trace_;
    std::vector<EndEffect> ends_;
    Effects effects_;
    std::string problems_;
    std::string unreachable_ = "(none)";
    bool stop_ = false;
    std::int64_t now_ms_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t last_id_ = 0;
    std::size_t steps_ = 0;
};

// The value of a top-level data item, as the main session's snapshot has it; undefined when absent.
inline value::Value Simulation::data(const std::string& name) {
    struct Sink final : script::ItemSink {
        void item(std::string_view item_name, std::string_view encoded) override {
            const value::Value whole = value::Value::from_trusted_bytes(std::string(encoded));
            if (item_name == wanted) {
                found = whole;
            } else if (item_name == script::kWholeScope && !whole.find_member(wanted, found)) {
                found = value::Value::undefined();
            }
        }
        void warning(std::string_view text) override { FAIL() << text; }
        std::string wanted;
        value::Value found;
    };
    Sink sink;
    sink.wanted = name;
    sessions_.at("main")->session.data->snapshot(sink);
    return sink.found;
}

}  // namespace fermata::scxml::testing
