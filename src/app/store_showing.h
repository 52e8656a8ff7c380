// Store showing: what a store holds, for people (`fermata store info|list|show`).
//
// Threads: the caller's, which waits for the store.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "app/stored_records.h"
#include "base/result.h"
#include "engine/view.h"
#include "store/store.h"

namespace fermata::app {

struct StoreInfo {
    store::Facts facts;
    StoreCounts counts;
    std::map<std::uint32_t, std::size_t>
        partitions_by_node;  // node that claimed them last; 0: none
};

Result<StoreInfo> store_info(store::Store& store);
std::string info_text(const StoreInfo& info, const std::string& place);
std::string info_json(const StoreInfo& info, const std::string& place);

// The first `limit` sessions, partition after partition, oldest first; damaged records as errors in
// their place.
Result<std::vector<Result<engine::SessionSummary>>> list_stored(store::Store& store,
                                                                std::size_t limit);
std::string summaries_text(const std::vector<Result<engine::SessionSummary>>& sessions);
std::string summaries_json(const std::vector<Result<engine::SessionSummary>>& sessions);

// By id or by the client's own name. kNotFound, kCorrupt.
Result<engine::SessionView> show_stored(store::Store& store, const std::string& name);
std::string view_text(const engine::SessionView& view);
// As GET /api/v1/sessions/{id} has it.
std::string view_json(const engine::SessionView& view);

}  // namespace fermata::app
