#include "redis_store/documents.h"

#include <utility>

#include "redis_store/replies.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

// Hashes that are kept from expiring; more distinct documents than a server uses in its life.
constexpr std::size_t kUsedMax = 100'000;
// Of documents that can be put again; an upload is bounded by max-document-size.
constexpr std::size_t kRecentBytesMax = 64U << 20U;

redis::Request request(redis::Slot slot, redis::Command command, redis::Request::Kind kind) {
    return {slot, std::move(command), kind, std::nullopt, std::nullopt};
}

}  // namespace

void Documents::put(const std::string& hash, const std::string& bytes, ReplayLog::Moment now,
                    store::Done<bool> done) {
    const std::string key = keys_.document(hash);
    redis::Command command("SET");
    command.reserve(key.size() + bytes.size() + 64);
    command.add(key).add(bytes).add("PX").add(lifetime_.count()).add("NX");
    const redis::Slot slot = redis::slot_of(key);
    remember(command, slot, now);
    use(hash);
    client_.send(request(slot, std::move(command), redis::Request::Kind::kWrite),
                 [this, key, done = std::move(done)](Result<redis::Reply> reply) {
                     if (!reply) {
                         done(reply.error());
                         return;
                     }
                     const bool is_new = !reply->view().is_nil();
                     if (!is_new) {
                         refresh_key(key);
                     }
                     done(is_new);
                 });
}

void Documents::find(const std::string& hash, store::Done<std::optional<std::string>> done) {
    const std::string key = keys_.document(hash);
    client_.send(request(redis::slot_of(key), std::move(redis::Command("GET").add(key)),
                         redis::Request::Kind::kRead),
                 [this, hash, done = std::move(done)](Result<redis::Reply> reply) {
                     if (!reply) {
                         done(reply.error());
                     } else if (reply->view().is_nil()) {
                         done(std::optional<std::string>());
                     } else {
                         use(hash);
                         done(std::optional<std::string>(reply->view().text()));
                     }
                 });
}

void Documents::put_name(const store::DocumentName& name, ReplayLog::Moment now,
                         store::Done<bool> done) {
    const std::string key = keys_.documents();
    redis::Command command(document_name_script(), {key});
    command.add(name.name).add(name.changed_ms).add(name.hash).add(lifetime_.count());
    remember(redis::Command(command).add("again"), redis::slot_of(key), now);
    use(name.hash);
    command.add("");
    client_.send(request(redis::slot_of(key), std::move(command), redis::Request::Kind::kWrite),
                 [done = std::move(done)](Result<redis::Reply> reply) {
                     if (!reply) {
                         done(reply.error());
                     } else {
                         done(reply->view().integer() == 1);
                     }
                 });
}

void Documents::find_name(const std::string& name,
                          store::Done<std::optional<store::DocumentName>> done) {
    const std::string key = keys_.documents();
    client_.send(request(redis::slot_of(key), std::move(redis::Command("HGET").add(key).add(name)),
                         redis::Request::Kind::kRead),
                 [name, done = std::move(done)](Result<redis::Reply> reply) {
                     if (!reply) {
                         done(reply.error());
                         return;
                     }
                     if (reply->view().is_nil()) {
                         done(std::optional<store::DocumentName>());
                         return;
                     }
                     auto record = decode_document_name(name, reply->view().text());
                     if (record) {
                         done(std::optional(*std::move(record)));
                     } else {
                         done(record.error());
                     }
                 });
}

void Documents::list_names(store::Done<std::vector<store::DocumentName>> done) {
    const std::string key = keys_.documents();
    client_.send(request(redis::slot_of(key), std::move(redis::Command("HGETALL").add(key)),
                         redis::Request::Kind::kRead),
                 [done = std::move(done)](Result<redis::Reply> reply) {
                     done(reply ? document_names_of(reply->view())
                                : Result<std::vector<store::DocumentName>>(reply.error()));
                 });
}

void Documents::put_again(redis::Slot first, redis::Slot last) {
    for (const Recent& recent : recent_) {
        if (recent.slot >= first && recent.slot <= last) {
            client_.send(request(recent.slot, recent.command, redis::Request::Kind::kWrite),
                         [](const Result<redis::Reply>&) {});
        }
    }
}

void Documents::trim(ReplayLog::Moment now) {
    while (!recent_.empty() &&
           (recent_.front().at + window_ < now || recent_bytes_ > kRecentBytesMax)) {
        recent_bytes_ -= recent_.front().command.size();
        recent_.pop_front();
    }
}

void Documents::refresh() {
    refresh_key(keys_.documents());
    refresh_key(keys_.store());
    for (const std::string& hash : used_) {
        refresh_key(keys_.document(hash));
    }
}

void Documents::use(const std::string& hash) {
    if (used_.size() < kUsedMax) {
        used_.insert(hash);
    }
}

void Documents::remember(const redis::Command& command, redis::Slot slot, ReplayLog::Moment now) {
    recent_bytes_ += command.size();
    recent_.push_back({slot, command, now});
    trim(now);
}

void Documents::refresh_key(const std::string& key) {
    redis::Command command("PEXPIRE");
    command.add(key).add(lifetime_.count());
    client_.send(request(redis::slot_of(key), std::move(command), redis::Request::Kind::kWrite),
                 [](const Result<redis::Reply>&) {});
}

}  // namespace fermata::redis_store
