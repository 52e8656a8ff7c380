#include "store/draft.h"

#include <algorithm>
#include <utility>

namespace fermata::store {

Result<std::optional<std::string>> Draft::get(const std::string& key) const {
    const auto planned = changes_.find(key);
    if (planned != changes_.end()) {
        return planned->second;
    }
    return medium_.get(key);
}

Result<std::vector<std::string>> Draft::keys(const std::string& begin, const std::string& end,
                                             std::size_t limit) const {
    std::vector<std::string> keys;
    FERMATA_TRY(medium_.scan(begin, end, Direction::kForward,
                             [this, &keys, limit](std::string_view key, std::string_view) {
                                 std::string found(key);
                                 if (changes_.find(found) == changes_.end()) {
                                     keys.push_back(std::move(found));
                                 }
                                 return keys.size() < limit;
                             }));
    for (auto planned = changes_.lower_bound(begin);
         planned != changes_.end() && planned->first < end; ++planned) {
        if (planned->second) {
            keys.push_back(planned->first);
        }
    }
    std::sort(keys.begin(), keys.end());
    keys.resize(std::min(keys.size(), limit));
    return keys;
}

void Draft::put(const std::string& key, std::string value) {
    bytes_ += key.size() + value.size();
    changes_.insert_or_assign(key, std::move(value));
}

void Draft::erase(const std::string& key) {
    bytes_ += key.size();
    changes_.insert_or_assign(key, std::nullopt);
}

}  // namespace fermata::store
