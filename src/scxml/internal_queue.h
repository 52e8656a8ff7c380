// InternalQueue: the internal event queue of the session that runs now (SCXML 3.12, appendix D).
//
// Events that the chart raises by a literal name are only an index: nothing is copied or made
// unless a script or an observer wants to see the event. Bounded by its user (max-pending-events).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "scxml/chart_tables.h"

namespace fermata::scxml {

struct QueuedEvent {
    NameIndex name = kNone;               // without data, when `event` is null
    std::unique_ptr<value::Event> event;  // null: the named event
};

class InternalQueue {
  public:
    [[nodiscard]] bool empty() const { return head_ == events_.size(); }
    [[nodiscard]] std::size_t size() const { return events_.size() - head_; }
    void push(NameIndex name) { events_.push_back({name, nullptr}); }
    void push(value::Event event) {
        events_.push_back({kNone, std::make_unique<value::Event>(std::move(event))});
    }
    QueuedEvent pop() {
        QueuedEvent first = std::move(events_[head_]);
        ++head_;
        if (head_ == events_.size()) {
            clear();
        } else if (head_ >= kCompactAt && head_ * 2 >= events_.size()) {
            events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
        return first;
    }
    void clear() {
        events_.clear();
        head_ = 0;
    }

  private:
    static constexpr std::size_t kCompactAt = 64;

    std::vector<QueuedEvent> events_;
    std::size_t head_ = 0;
};

}  // namespace fermata::scxml
