// Wakeup: waking another thread that has something in its queue, at once or a moment later with
// all that the same turn brings it.
//
// A thread that is woken by the first of many often takes the core of the one that woke it, finds
// that one thing, sleeps again, and is woken for the next: two switches of threads for each. Who
// hands out many things in a row holds its wake-ups meanwhile.
//
// Threads: a hold belongs to its thread and must end there.
#pragma once

#include <memory>
#include <vector>

namespace fermata {

// What another thread sleeps on. wake() is called on any thread, when the sleeper may be awake too,
// or gone: ownership is shared for that.
class Sleeper {
  public:
    Sleeper() = default;
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    virtual ~Sleeper() = default;

    virtual void wake() = 0;
};

// While one lives, its thread wakes nobody; its end wakes all of them. Short: who is to be woken
// gets nothing done before, and a thread that waits for such a one would wait in vain. The
// outermost counts.
class WakeupHold {
  public:
    WakeupHold();
    WakeupHold(const WakeupHold&) = delete;
    WakeupHold& operator=(const WakeupHold&) = delete;
    ~WakeupHold();

    // At once when this thread holds nothing.
    static void wake(std::shared_ptr<Sleeper> sleeper);
};

}  // namespace fermata
