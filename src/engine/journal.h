// The journal: what a session did in each run, kept in the store for those who look later.
//
// One entry a run, written in the commit that ends the run, so that it is never of something that
// did not happen. The store keeps the newest [journal] length entries of a session; one entry is
// bounded here.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/view.h"

namespace fermata::engine {

class Shard;

// Steps of one entry; more are counted and left out.
inline constexpr std::size_t kJournalStepsMax = 1000;
// Bytes of one name or text; more are cut off.
inline constexpr std::size_t kJournalTextMax = 1000;

JournalEntry journal_entry(const std::vector<LiveMoment>& moments);

// Newest entry first, at most `limit`: kNotFound when there is no such session.
void read_journal(Shard& shard, const SessionId& session, std::size_t limit,
                  Answer<std::vector<JournalEntry>> done);

}  // namespace fermata::engine
