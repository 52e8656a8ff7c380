#include "redis_store/node_text.h"

#include <limits>

#include "redis_store/entries.h"

namespace fermata::redis_store {
namespace {

constexpr std::string_view kStandby = " standby";

// Takes what is before the mark off the text, and the mark.
std::string_view take(std::string_view& text, char mark) {
    const std::size_t at = text.find(mark);
    const std::string_view taken = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return taken;
}

Error corrupt(std::string_view text) {
    return {ErrorCode::kCorrupt, "the record of a node in Redis is damaged: \"" +
                                     std::string(text.substr(0, 80)) + "\""};
}

template <typename Number>
bool read(std::string_view text, Number& number) {
    const auto parsed = parse_number(text);
    if (!parsed || *parsed > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) {
        return false;
    }
    number = static_cast<Number>(*parsed);
    return true;
}

bool read_line(std::string_view name, std::string_view value, store::NodeRecord& record) {
    store::NodeFacts& facts = record.facts;
    if (name == "draining") {
        record.draining = value == "yes";
    } else if (name == "changes") {
        return read(value, record.changes);
    } else if (name == "external") {
        facts.external_url = value;
    } else if (name == "internal") {
        facts.internal_address = value;
    } else if (name == "version") {
        facts.version = value;
    } else if (name == "format") {
        return read(value, facts.format);
    } else if (name == "format-newest") {
        return read(value, facts.format_newest);
    } else if (name == "partitions") {
        return read(value, facts.partition_count);
    } else if (name == "started") {
        return read(value, facts.started_ms);
    } else if (name == "secret") {
        facts.peer_secret = value;
    } else if (name == "lease") {
        return read(value, facts.lease_ms);
    }
    return true;
}

}  // namespace

std::string node_field(store::NodeId node, bool standby) {
    return std::to_string(node) + (standby ? std::string(kStandby) : "");
}

std::string node_identity(std::uint64_t instance, std::uint64_t beat) {
    return std::to_string(instance) + " " + std::to_string(beat);
}

Result<std::string> encode_node(const store::NodeRecord& record) {
    const store::NodeFacts& facts = record.facts;
    for (const std::string* text :
         {&facts.external_url, &facts.internal_address, &facts.version, &facts.peer_secret}) {
        if (text->find('\n') != std::string::npos) {
            return Error(ErrorCode::kInvalidArgument,
                         "the address, version or secret of a node holds a line's end");
        }
    }
    return node_identity(record.instance, record.beat) +               //
           "\ndraining=" + (record.draining ? "yes" : "no") +          //
           "\nchanges=" + std::to_string(record.changes) +             //
           "\nexternal=" + facts.external_url +                        //
           "\ninternal=" + facts.internal_address +                    //
           "\nversion=" + facts.version +                              //
           "\nformat=" + std::to_string(facts.format) +                //
           "\nformat-newest=" + std::to_string(facts.format_newest) +  //
           "\npartitions=" + std::to_string(facts.partition_count) +   //
           "\nstarted=" + std::to_string(facts.started_ms) +           //
           "\nsecret=" + facts.peer_secret +                           //
           "\nlease=" + std::to_string(facts.lease_ms) + "\n";
}

Result<store::NodeRecord> decode_node(std::string_view field, std::string_view text) {
    store::NodeRecord record;
    record.standby = field.ends_with(kStandby);
    std::string_view rest = text;
    std::string_view identity = take(rest, '\n');
    const std::string_view node =
        field.substr(0, field.size() - (record.standby ? kStandby.size() : 0));
    if (!read(node, record.node) || !read(take(identity, ' '), record.instance) ||
        !read(identity, record.beat)) {
        return corrupt(text);
    }
    while (!rest.empty()) {
        std::string_view line = take(rest, '\n');
        const std::string_view name = take(line, '=');
        if (!read_line(name, line, record)) {
            return corrupt(text);
        }
    }
    return record;
}

}  // namespace fermata::redis_store
