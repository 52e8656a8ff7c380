#include "engine/live_session.h"

namespace fermata::engine {

const SessionId* LiveSession::find_child(std::string_view invokeid) const {
    if (rare != nullptr) {
        for (const auto& [name, child] : rare->invokes) {
            if (name == invokeid) {
                return &child;
            }
        }
    }
    return nullptr;
}

std::string LiveSession::name() const {
    if (scxml.chart != nullptr) {
        return application_of(*scxml.chart);
    }
    return rare != nullptr && rare->scheduled != nullptr ? rare->scheduled->application
                                                         : std::string();
}

std::string application_of(const scxml::Chart& chart) {
    if (!chart.name().empty()) {
        return chart.name();
    }
    std::string_view url = chart.url();
    url = url.substr(0, url.find_first_of("?#"));
    return std::string(url.substr(url.find_last_of("/:") + 1));
}

SessionList::~SessionList() {
    LiveSession* next = oldest_;
    while (next != nullptr) {
        const std::unique_ptr<LiveSession> owner(next);
        next = owner->newer;
    }
}

LiveSession& SessionList::add(std::unique_ptr<LiveSession> session) {
    LiveSession& added = *session.release();
    link(added);
    ++size_;
    return added;
}

void SessionList::remove(LiveSession& session) {
    unlink(session);
    --size_;
    const std::unique_ptr<LiveSession> owner(&session);
}

void SessionList::touch(LiveSession& session) {
    if (newest_ != &session) {
        unlink(session);
        link(session);
    }
}

void SessionList::unlink(LiveSession& session) {
    (session.older == nullptr ? oldest_ : session.older->newer) = session.newer;
    (session.newer == nullptr ? newest_ : session.newer->older) = session.older;
    session.older = nullptr;
    session.newer = nullptr;
}

void SessionList::link(LiveSession& session) {
    session.older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &session;
    newest_ = &session;
}

}  // namespace fermata::engine
