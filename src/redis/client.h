// Client: commands to a Redis Cluster, or to one stand-alone server, with everything between a
// request and its answer: connections, TLS, login, topology, redirections, retries, replicas.
//
// Writes are collected into one batch a primary, which ends with one WAIT, and are answered when
// enough replicas hold them. A request without a deadline is tried again, whatever happens to
// connections and primaries, until it is answered or the client is closed: so ONLY idempotent
// commands may be sent; a command whose answer was lost is executed twice.
//
// Errors that reach a callback
//   kUnavailable   closed; or the deadline passed and no server took the request (message: why)
//   kTimeout       the deadline passed while the answer was awaited
//   kOverloaded    Options::in_flight_bytes_max; nothing was sent
//   kForbidden     the deadline passed and the server refuses login or rights
//   kInternal      the server answered an error that repeating does not mend (message: its text)
// Requests for one slot and of one kind are sent in the order of send(), on one or the other of two
// connections: a caller that needs their effects in order sends the next after the answer.
//
// Ownership: the callback and everything it holds is destroyed on the client's thread.
// Threads: one thread of its own. Every method from any thread, close() and wait_until_ready() not
// from a callback. Callbacks run on the client's thread, never inside send(), exactly once; they
// must be quick. After close() they run inside send() instead, with kUnavailable.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "redis/command.h"
#include "redis/options.h"
#include "redis/reply.h"
#include "redis/slot.h"
#include "redis/status.h"

namespace fermata::redis {

struct Request {
    enum class Kind {
        kRead,   // at once, on the primary's connection for reads
        kWrite,  // with the primary's next batch; answered after WAIT
    };

    // Of the keys (slot_of("{tag}")); without: any primary.
    std::optional<Slot> slot;
    Command command;
    Kind kind = Kind::kRead;
    // Without: for ever.
    std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
    // This primary, whatever it serves, instead of the slot's. kNotFound when it is not known.
    std::optional<Address> primary = std::nullopt;
};

class Client {
  public:
    using Callback = std::function<void(Result<Reply>)>;
    // First and last of slots that lie side by side.
    using PrimaryChanged = std::function<void(Slot first, Slot last)>;

    // Checks the options, reads the TLS files and starts the thread; does not wait for Redis.
    static Result<std::unique_ptr<Client>> open(Options options);

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    // As close().
    ~Client();

    void send(Request request, Callback callback);
    // Runs the task on the client's thread, soon and in order with other tasks and sends of the
    // same thread. False after close(): it is not taken. What was taken before is run by close().
    bool post(std::function<void()> task);
    // The same, after a pause; dropped when the client is closed meanwhile.
    void after(std::chrono::milliseconds pause, std::function<void()> task);
    [[nodiscard]] bool on_own_thread() const;

    // Called on the client's thread when another node serves these slots from now on, or the same
    // one came back with another history (restart, other replication id), before any request is
    // sent there. Not called for the first topology. Set it before the first send.
    void on_primary_changed(PrimaryChanged listener);

    // Not older than 100 ms.
    [[nodiscard]] Status status() const;
    // Blocks until every slot has a primary that is ready; kUnavailable (kForbidden when login or
    // rights are refused) with the reason when that takes too long.
    Result<void> wait_until_ready(std::chrono::milliseconds timeout) const;

    // Answers everything kUnavailable and joins the thread; may be called twice.
    void close();

  private:
    class Core;
    explicit Client(std::unique_ptr<Core> core);

    std::unique_ptr<Core> core_;
};

}  // namespace fermata::redis
