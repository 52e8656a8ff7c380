// Workload: loading a benchmark document and running sessions of it without an engine around them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "script/data_model.h"
#include "scxml/interpreter.h"
#include "scxml/loader.h"

namespace fermata::bench {

// Ends the program with a message when the file cannot be read or is refused.
std::string read_file(const std::string& path);
std::shared_ptr<const scxml::Chart> load_text(const std::string& text, const std::string& url);
std::shared_ptr<const scxml::Chart> load_file(const std::string& path);

// Surroundings that answer without looking anywhere.
class QuietSurroundings final : public scxml::Surroundings {
  public:
    [[nodiscard]] std::string session_id() const override {
        return "00000000000000000000000000000000";
    }
    [[nodiscard]] std::vector<script::IoProcessor> io_processors() const override { return {}; }
    [[nodiscard]] bool should_stop() const override { return false; }
    [[nodiscard]] bool is_reachable(std::string_view /*target*/) const override { return true; }
    [[nodiscard]] std::string unique_id() override { return std::to_string(++last_id_); }

  private:
    std::uint64_t last_id_ = 0;
};

// One shard's worth of machinery: interpreter and script runtime.
class Bench {
  public:
    explicit Bench(const SessionLimits& limits);

    scxml::Session start(const std::shared_ptr<const scxml::Chart>& chart);
    void step(scxml::Session& session, const value::Event& event);

    scxml::Interpreter& interpreter() { return interpreter_; }
    script::Runtime& runtime() { return *runtime_; }
    QuietSurroundings& surroundings() { return surroundings_; }
    scxml::Effects& effects() { return effects_; }

  private:
    scxml::Interpreter interpreter_;
    std::unique_ptr<script::Runtime> runtime_;
    QuietSurroundings surroundings_;
    scxml::Effects effects_;
};

// Limits that no benchmark meets.
SessionLimits wide_limits();

value::Event event_named(const std::string& name);

}  // namespace fermata::bench
