#include "cluster/sightings.h"

#include <algorithm>
#include <set>

namespace fermata::cluster {

void Sightings::see(Steady sent, Steady answered, const std::vector<store::NodeRecord>& records) {
    const bool row_is_broken = !last_answered_ || answered - *last_answered_ > gap_max_;
    if (row_is_broken) {
        row_since_ = answered;
        for (auto& [place, sighting] : places_) {
            sighting.since = answered;
        }
    }
    std::set<Place> seen;
    for (const store::NodeRecord& record : records) {
        const Place place(record.node, record.standby);
        seen.insert(place);
        const auto [known, is_new] = places_.try_emplace(place);
        Sighting& sighting = known->second;
        if (is_new || !sighting.present || sighting.instance != record.instance ||
            sighting.beat != record.beat) {
            sighting = {record.instance, record.beat, true, answered};
        }
    }
    for (auto& [place, sighting] : places_) {
        if (sighting.present && seen.count(place) == 0) {
            sighting = {0, 0, false, answered};
        }
    }
    last_sent_ = sent;
    last_answered_ = answered;
}

bool Sightings::is_dead(const store::NodeRecord& record, Steady longer) const {
    const auto known = places_.find({record.node, record.standby});
    if (known == places_.end() || known->second.instance != record.instance ||
        known->second.beat != record.beat) {
        return false;
    }
    return patience_ == Steady(0) || stood_still(known->second.since) >= patience_ + longer;
}

bool Sightings::is_missing(store::NodeId node) const {
    if (!last_answered_) {
        return false;
    }
    const auto known = places_.find({node, false});
    if (known != places_.end() && known->second.present) {
        return false;
    }
    const Steady since = known == places_.end() ? row_since_ : known->second.since;
    return patience_ == Steady(0) || stood_still(since) >= patience_;
}

Steady Sightings::age(const store::NodeRecord& record, Steady now) const {
    const auto known = places_.find({record.node, record.standby});
    return known == places_.end() ? Steady(0) : now - known->second.since;
}

std::optional<Steady> Sightings::next_verdict(store::NodeId except) const {
    std::optional<Steady> next;
    for (const auto& [place, sighting] : places_) {
        const Steady verdict = sighting.since + patience_;
        const bool is_open = sighting.present && sighting.instance != 0 && last_sent_ < verdict;
        if (is_open && place != Place(except, false)) {
            next = next ? std::min(*next, verdict) : verdict;
        }
    }
    return next;
}

}  // namespace fermata::cluster
