// Sessions and live moments as JSON, for answers and streams.
#pragma once

#include <string>
#include <vector>

#include "api/json_writer.h"
#include "engine/view.h"

namespace fermata::api {

void write_summary(JsonWriter& json, const engine::SessionSummary& summary);
std::string session_json(const engine::SessionView& view);
std::string moment_json(const engine::LiveMoment& moment);
std::string journal_json(const std::vector<engine::JournalEntry>& entries);

}  // namespace fermata::api
