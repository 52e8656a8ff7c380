#include "script/engine.h"

#include <algorithm>

#include "script/failure_place.h"

namespace fermata::script {
namespace {

constexpr const char* kNeedsMemory = "the script needed too much memory";

}  // namespace

Engine::Engine(const RuntimeOptions& options)
    : memory_max_(options.limits.script_memory_max),
      value_bytes_max_(std::max(options.limits.session_bytes_max, options.limits.event_bytes_max)),
      stack_max_(options.limits.script_stack_max) {}

Result<std::unique_ptr<Engine>> Engine::create(const RuntimeOptions& options) {
    std::unique_ptr<Engine> engine(new Engine(options));
    if (!engine->set_up()) {
        return Error(ErrorCode::kInternal, "the script engine cannot be started");
    }
    return engine;
}

bool Engine::set_up() {
    runtime_ = create_runtime(account_);
    if (runtime_ == nullptr) {
        return false;
    }
    JS_SetMaxStackSize(runtime_, stack_max_);
    JS_UpdateStackTop(runtime_);
    keys_ = std::make_unique<KeyCache>(runtime_);
    realm_ = Realm::create(runtime_, current_, Protection::kProtected);
    if (!realm_) {
        return false;
    }
    encoder_ = std::make_unique<Encoder>(*realm_, *keys_, value_bytes_max_);
    JS_SetInterruptHandler(runtime_, on_interrupt, this);
    account_.owner = this;
    account_.should_stop = [](void* self) { return static_cast<Engine*>(self)->should_stop(); };
    return true;
}

Engine::~Engine() {
    if (runtime_ == nullptr) {
        return;
    }
    programs_.clear();
    encoder_.reset();
    realm_.reset();
    keys_.reset();
    JS_FreeRuntime(runtime_);
}

std::unique_ptr<Realm> Engine::create_realm() {
    lift_limits();
    // The names that a new realm's own preparations use are built-ins, never a session's variables.
    const JSValue scope = std::exchange(current_.scope, js::undefined());
    std::unique_ptr<Realm> realm = Realm::create(runtime_, current_, Protection::kOpen);
    current_.scope = scope;
    return realm;
}

int Engine::on_interrupt(JSRuntime*, void* self) {
    return static_cast<Engine*>(self)->should_stop() ? 1 : 0;
}

bool Engine::should_stop() {
    if (draining_ || account_.is_exceeded ||
        (current_.host != nullptr && current_.host->should_stop())) {
        stopped_ = true;
        return true;
    }
    return false;
}

// The stack of whoever calls now, maybe another thread than last time.
void Engine::enter() {
    JS_UpdateStackTop(runtime_);
}

void Engine::leave() {
    if (JS_IsJobPending(runtime_) != 0) {
        drain_jobs();
    }
    lift_limits();
    current_.clear();
}

Outcome<void> Engine::run_jobs(JSContext* context) {
    JSContext* job_context = nullptr;
    for (std::uint32_t jobs = 0; jobs < kPromiseJobsMax && !stopped_; ++jobs) {
        const int ran = JS_ExecutePendingJob(runtime_, &job_context);
        if (ran == 0) {
            return {};
        }
        if (ran < 0) {
            JS_FreeValue(context, JS_GetException(context));
        }
    }
    if (stopped_) {
        return tl::unexpected(end_stopped());
    }
    if (JS_IsJobPending(runtime_) == 0) {
        return {};
    }
    drain_jobs();
    return tl::unexpected(Failure{FailureKind::kTimeout, "promises did not come to an end", 0, 0});
}

Failure Engine::end_stopped() {
    const bool needs_memory = account_.is_exceeded;
    drain_jobs();
    return needs_memory ? Failure{FailureKind::kMemory, kNeedsMemory, 0, 0}
                        : Failure{FailureKind::kTimeout, "the script took too long", 0, 0};
}

// What is left must not run in the next session. Without memory nothing can queue more than it
// frees, and every poll ends what is running.
void Engine::drain_jobs() {
    const Host* host = std::exchange(current_.host, nullptr);
    const JSValue scope = std::exchange(current_.scope, js::undefined());
    draining_ = true;
    JSContext* job_context = nullptr;
    while (JS_IsJobPending(runtime_) != 0) {
        account_.set_limit(account_.used(), 0);
        JS_PollSoon(runtime_);
        if (JS_ExecutePendingJob(runtime_, &job_context) < 0 && job_context != nullptr) {
            JS_FreeValue(job_context, JS_GetException(job_context));
        }
    }
    draining_ = false;
    lift_limits();
    current_.host = host;
    current_.scope = scope;
}

Failure Engine::take_failure(JSContext* context, const SourcePlace& place) {
    const js::Value exception(context, JS_GetException(context));
    if (stopped_) {
        return end_stopped();
    }
    account_.set_limit(account_.used() + kMessageMemory);
    Failure failure = describe_exception(context, exception.get(), place);
    lift_limits();
    // Null is what QuickJS throws when there is no memory for an error object.
    if (account_.is_refused && (js::tag_of(exception.get()) == JS_TAG_NULL ||
                                failure.message == "InternalError: out of memory")) {
        failure.kind = FailureKind::kMemory;
        failure.message = kNeedsMemory;
    }
    // What it queued before it failed belongs to this evaluation too.
    if (JS_IsJobPending(runtime_) != 0) {
        account_.set_limit(account_.used() + memory_max_);
        static_cast<void>(run_jobs(context));
        lift_limits();
    }
    return failure;
}

CompiledProgram& Engine::acquire(const std::shared_ptr<const Program>& program) {
    std::unique_ptr<CompiledProgram>& compiled = programs_[program.get()];
    if (!compiled) {
        compiled = std::make_unique<CompiledProgram>(program, realm_->context());
    } else if (compiled->sessions() == 0) {
        --unused_programs_;
    }
    compiled->add_session();
    return *compiled;
}

void Engine::release(CompiledProgram& compiled) {
    compiled.remove_session();
    if (compiled.sessions() == 0 && ++unused_programs_ > kUnusedProgramsMax) {
        forget_unused();
    }
}

void Engine::forget_unused() {
    for (auto at = programs_.begin(); at != programs_.end();) {
        at = at->second->sessions() == 0 ? programs_.erase(at) : std::next(at);
    }
    unused_programs_ = 0;
}

void Engine::collect_garbage() {
    forget_unused();
    JS_RunGC(runtime_);
}

}  // namespace fermata::script
