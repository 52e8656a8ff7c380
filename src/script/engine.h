// Engine: the inside of a Runtime: one QuickJS runtime with its shared realm, the session that is
// evaluating, and the limits around each evaluation.
//
// Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "script/compiled_program.h"
#include "script/current_session.h"
#include "script/data_model.h"
#include "script/encode.h"
#include "script/key_cache.h"
#include "script/memory_account.h"
#include "script/realm.h"

namespace fermata::script {

// Jobs of promises that may run at the end of one evaluation.
inline constexpr std::uint32_t kPromiseJobsMax = 100'000;
// Compiled programs without a session that are kept for the next one.
inline constexpr std::size_t kUnusedProgramsMax = 1024;

// Where a failure's place counts from.
struct SourcePlace {
    const char* file = "";
    std::uint32_t lines = 0;
    std::uint32_t columns = 0;
};

class Engine {
  public:
    static Result<std::unique_ptr<Engine>> create(const RuntimeOptions& options);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    [[nodiscard]] CurrentSession& current() { return current_; }
    [[nodiscard]] Realm& shared_realm() { return *realm_; }
    [[nodiscard]] KeyCache& keys() { return *keys_; }
    [[nodiscard]] std::string& scratch() { return scratch_; }
    // Null when out of memory.
    std::unique_ptr<Realm> create_realm();
    // For a snapshot of a session in the shared realm; keeps its memory from one to the next.
    [[nodiscard]] Encoder& encoder() { return *encoder_; }

    // The compiled form of a program in the shared realm; give it back with release().
    CompiledProgram& acquire(const std::shared_ptr<const Program>& program);
    void release(CompiledProgram& compiled);

    // Around everything that may run code of a chart.
    void begin_evaluation() {
        stopped_ = false;
        account_.is_refused = false;
        account_.set_limit(account_.used() + memory_max_);
    }
    // Runs the jobs of promises; a failure when they do not come to an end.
    Outcome<void> end_evaluation(JSContext* context) {
        return JS_IsJobPending(runtime_) != 0 ? run_jobs(context) : Outcome<void>();
    }
    // The pending exception as a Failure.
    Failure take_failure(JSContext* context, const SourcePlace& place);

    void enter();
    // Nothing of the current session is left behind.
    void leave();
    void lift_limits() { account_.lift_limit(); }
    [[nodiscard]] std::size_t memory_used() const { return account_.used(); }
    // Of what is taken out of a session, in its encoding.
    [[nodiscard]] std::size_t value_bytes_max() const { return value_bytes_max_; }
    void collect_garbage();

  private:
    explicit Engine(const RuntimeOptions& options);
    bool set_up();
    Outcome<void> run_jobs(JSContext* context);
    void drain_jobs();
    // Why the evaluation was stopped; ends what it left behind.
    Failure end_stopped();
    void forget_unused();
    // Asked by the interpreter's polls and by the allocator.
    static int on_interrupt(JSRuntime* runtime, void* self);
    bool should_stop();

    std::size_t memory_max_;
    std::size_t value_bytes_max_;
    std::size_t stack_max_;
    MemoryAccount account_;
    bool stopped_ = false;   // an interrupt ended the evaluation
    bool draining_ = false;  // end whatever runs
    CurrentSession current_;
    JSRuntime* runtime_ = nullptr;
    std::unique_ptr<KeyCache> keys_;
    std::unique_ptr<Realm> realm_;
    std::unique_ptr<Encoder> encoder_;
    std::unordered_map<const Program*, std::unique_ptr<CompiledProgram>> programs_;
    std::size_t unused_programs_ = 0;
    std::string scratch_;
};

}  // namespace fermata::script
