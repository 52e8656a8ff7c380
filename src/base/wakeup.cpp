#include "base/wakeup.h"

#include <utility>

namespace fermata {
namespace {

struct Held {
    int holds = 0;
    std::vector<std::shared_ptr<Sleeper>> sleepers;
};

Held& held() {
    thread_local Held of_this_thread;
    return of_this_thread;
}

}  // namespace

WakeupHold::WakeupHold() {
    ++held().holds;
}

WakeupHold::~WakeupHold() {
    if (--held().holds > 0) {
        return;
    }
    std::vector<std::shared_ptr<Sleeper>>& sleepers = held().sleepers;
    for (const std::shared_ptr<Sleeper>& sleeper : sleepers) {
        sleeper->wake();
    }
    sleepers.clear();
}

void WakeupHold::wake(std::shared_ptr<Sleeper> sleeper) {
    if (held().holds == 0) {
        sleeper->wake();
    } else {
        held().sleepers.push_back(std::move(sleeper));
    }
}

}  // namespace fermata
