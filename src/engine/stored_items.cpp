#include "engine/stored_items.h"

#include <algorithm>
#include <utility>

namespace fermata::engine {

bool StoredItems::note(const Ids& ids, std::string_view name, std::uint64_t hash) {
    if (Item* const item = find(ids, name)) {
        item->noted = true;
        return std::exchange(item->hash, hash) != hash;
    }
    Item& added = add(ids, name);
    added.hash = hash;
    added.noted = true;
    return true;
}

void StoredItems::restore(const Ids& ids, std::string_view name, std::uint64_t hash) {
    add(ids, name).hash = hash;
}

void StoredItems::sweep(const Ids& ids, const std::function<void(std::string_view name)>& gone) {
    Item* const end = items_.get() + size_;
    Item* kept = items_.get();
    for (Item* item = items_.get(); item != end; ++item) {
        if (std::exchange(item->noted, false)) {
            *kept++ = *item;
            continue;
        }
        gone(name_of(ids, *item));
        if (item->name >= ids.size()) {
            (*others_)[item->name - ids.size()].clear();
        }
    }
    size_ = static_cast<std::uint32_t>(kept - items_.get());
    next_ = 0;
}

std::string_view StoredItems::name_of(const Ids& ids, const Item& item) const {
    return item.name < ids.size() ? ids[item.name] : (*others_)[item.name - ids.size()];
}

StoredItems::Item* StoredItems::find(const Ids& ids, std::string_view name) {
    for (std::uint32_t tried = 0; tried < size_; ++tried) {
        const std::uint32_t at = (next_ + tried) % size_;
        if (name_of(ids, items_[at]) == name) {
            next_ = at + 1;
            return &items_[at];
        }
    }
    return nullptr;
}

// Room grows at powers of two, which the size itself tells: one allocation for one or two items.
StoredItems::Item& StoredItems::add(const Ids& ids, std::string_view name) {
    const bool is_full = (size_ & (size_ - 1)) == 0;
    if (is_full) {
        std::unique_ptr<Item[]> larger(new Item[std::max<std::size_t>(1, std::size_t{size_} * 2)]);
        std::copy_n(items_.get(), size_, larger.get());
        items_ = std::move(larger);
    }
    Item& added = items_[size_++];
    added = Item{};
    added.name = number_of(ids, name);
    next_ = size_;
    return added;
}

std::uint32_t StoredItems::number_of(const Ids& ids, std::string_view name) {
    // The last one added stands before this one as a rule, in the chart too.
    const std::size_t first = size_ >= 2 ? items_[size_ - 2].name + std::size_t{1} : 0;
    for (std::size_t tried = 0; tried < ids.size(); ++tried) {
        const std::size_t at = (first + tried) % ids.size();
        if (ids[at] == name) {
            return static_cast<std::uint32_t>(at);
        }
    }
    if (others_ == nullptr) {
        others_ = std::make_unique<std::vector<std::string>>();
    }
    auto free = std::find(others_->begin(), others_->end(), std::string());
    if (free == others_->end()) {
        free = others_->emplace(free);
    }
    *free = name;
    return static_cast<std::uint32_t>(ids.size() +
                                      static_cast<std::size_t>(free - others_->begin()));
}

}  // namespace fermata::engine
