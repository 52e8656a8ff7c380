#include "redis_store/keys.h"

#include <algorithm>

namespace fermata::redis_store {
namespace {

constexpr std::size_t kClusterNameMax = 64;

bool is_name_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '_' ||
           character == '.';
}

}  // namespace

std::string partition_tag(Partition partition, Partition partition_count) {
    const unsigned first = partition * redis::kSlotCount / partition_count;
    const unsigned end = (partition + 1U) * redis::kSlotCount / partition_count;
    const std::string start = std::to_string(partition) + '.';
    for (unsigned k = 0;; ++k) {
        std::string tag = start + std::to_string(k);
        if (const redis::Slot slot = redis::slot_of(tag); slot >= first && slot < end) {
            return tag;
        }
    }
}

Result<void> check_cluster_name(std::string_view cluster) {
    if (cluster.empty() || cluster.size() > kClusterNameMax ||
        !std::all_of(cluster.begin(), cluster.end(), is_name_character)) {
        return Error(ErrorCode::kInvalidArgument,
                     "\"" + std::string(cluster) +
                         "\" is no name of a cluster: 1 to 64 letters, digits, '-', '_', '.'");
    }
    return {};
}

Keys::Keys(std::string_view cluster, Partition partition_count)
    : prefix_("ORS:" + std::string(cluster) + ":") {
    for (Partition partition = 0; partition < partition_count; ++partition) {
        const std::string tag = partition_tag(partition, partition_count);
        bases_.push_back(prefix_ + "{" + tag + "}:");
        slots_.push_back(redis::slot_of(tag));
    }
}

std::string Keys::key(Partition partition, std::string_view name) const {
    std::string text;
    text.reserve(bases_[partition].size() + name.size());
    text += bases_[partition];
    text += name;
    return text;
}

std::string Keys::session(Partition partition, std::string_view id) const {
    std::string text;
    text.reserve(bases_[partition].size() + 2 + id.size());
    text += bases_[partition];
    text += "s:";
    text += id;
    return text;
}

std::string Keys::journal(Partition partition, std::string_view id) const {
    return bases_[partition] + "j:" + std::string(id);
}

std::string Keys::document(std::string_view hash) const {
    return prefix_ + "doc:" + std::string(hash);
}

std::string Keys::documents() const {
    return prefix_ + "documents";
}

std::string Keys::nodes() const {
    return prefix_ + "nodes";
}

std::string Keys::store() const {
    return prefix_ + "store";
}

}  // namespace fermata::redis_store
