// What the tests of script/ share: a host to evaluate for, and a session made of texts.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "script/data_model.h"

namespace fermata::script {

class FixtureHost final : public Host {
  public:
    [[nodiscard]] bool is_active(std::string_view state_id) const override {
        return active.count(std::string(state_id)) != 0;
    }
    [[nodiscard]] std::string session_id() const override { return id; }
    [[nodiscard]] std::string session_name() const override { return "chart"; }
    [[nodiscard]] std::vector<IoProcessor> io_processors() const override {
        return {{"http://www.w3.org/TR/scxml/#SCXMLEventProcessor", "#_scxml_" + id},
                {"http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor", "http://localhost/" + id}};
    }
    [[nodiscard]] bool should_stop() const override { return ++polls > polls_max; }

    std::set<std::string> active;
    std::string id = "S1";
    mutable std::uint64_t polls = 0;
    std::uint64_t polls_max = 1'000'000;
};

struct Snapshot {
    std::vector<std::pair<std::string, std::string>> items;
    std::vector<std::string> warnings;
};

class FixtureSink final : public ItemSink {
  public:
    explicit FixtureSink(Snapshot& snapshot) : snapshot_(snapshot) {}
    void item(std::string_view name, std::string_view encoded) override {
        snapshot_.items.emplace_back(name, encoded);
    }
    void warning(std::string_view text) override { snapshot_.warnings.emplace_back(text); }

  private:
    Snapshot& snapshot_;
};

inline Snapshot take_snapshot(DataModel& model) {
    Snapshot snapshot;
    FixtureSink sink(snapshot);
    model.snapshot(sink);
    return snapshot;
}

// A session of a chart that consists of these texts; the index of a text is its ExpressionId.
class FixtureSession {
  public:
    FixtureSession(Runtime& runtime, const std::vector<std::string>& data,
                   const std::vector<std::pair<ExpressionKind, std::string>>& texts,
                   bool own_realm = false) {
        auto program = std::make_shared<Program>();
        program->datamodel = DataModelKind::kEcmascript;
        program->data_ids = data;
        program->own_realm = own_realm;
        for (const auto& [kind, text] : texts) {
            program->expressions.push_back({kind, text, 1, 1, 0});
        }
        model = runtime.create_data_model(program);
        model->enter(host);
        for (DataIndex at = 0; at < data.size(); ++at) {
            model->declare(at);
        }
    }

    FixtureHost host;
    std::unique_ptr<DataModel> model;
};

}  // namespace fermata::script
