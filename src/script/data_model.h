// DataModel: the data of one session and the evaluation of its expressions (SCXML 5, appendix B).
//
// One DataModel per session, made by the Runtime of the shard that owns the session. Between
// enter() and leave() it may evaluate; outside it is at rest and can be asked for a snapshot.
//
// Errors of expressions are Failures, which the interpreter turns into error.execution events; they
// are never C++ exceptions.
// Ownership: the Runtime must outlive its data models. Threads: the shard's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "base/limits.h"
#include "base/result.h"
#include "script/program.h"
#include "value/event.h"
#include "value/value.h"

namespace fermata::script {

enum class FailureKind : std::uint8_t {
    kExecution,  // error.execution: the expression is wrong or threw
    kTimeout,    // Host::should_stop() said so (process-event-timeout)
    kMemory,     // script-memory
};

struct Failure {
    FailureKind kind = FailureKind::kExecution;
    std::string message;
    // Where inside the expression, relative to its first character (line 0 = its first line);
    // both 0 when unknown.
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

template <typename T>
using Outcome = tl::expected<T, Failure>;

struct IoProcessor {
    std::string type;      // the URI by which charts name it
    std::string location;  // its address for this session
};

// What a data model may ask the interpreter about the session that it evaluates for.
class Host {
  public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    // In(): is the state with this id in the configuration? (SCXML 5.9.1)
    [[nodiscard]] virtual bool is_active(std::string_view state_id) const = 0;
    [[nodiscard]] virtual std::string session_id() const = 0;
    // `name` of <scxml>; generated when the document has none.
    [[nodiscard]] virtual std::string session_name() const = 0;
    [[nodiscard]] virtual std::vector<IoProcessor> io_processors() const = 0;
    // Asked every few thousand operations of a running script; true ends it with kTimeout.
    [[nodiscard]] virtual bool should_stop() const = 0;
};

// Receives a session's data items, one call each; both views are only valid during the call.
class ItemSink {
  public:
    ItemSink() = default;
    ItemSink(const ItemSink&) = delete;
    ItemSink& operator=(const ItemSink&) = delete;
    virtual ~ItemSink() = default;

    // `encoded` is one value::Value. Items that share objects with each other come as one item with
    // the name kWholeScope: an object of all of them.
    virtual void item(std::string_view name, std::string_view encoded) = 0;
    // Something that cannot be stored, named: "data.handler: a generator cannot be stored".
    virtual void warning(std::string_view text) = 0;
};
inline constexpr std::string_view kWholeScope = "*";

class DataModel {
  public:
    DataModel() = default;
    DataModel(const DataModel&) = delete;
    DataModel& operator=(const DataModel&) = delete;
    virtual ~DataModel() = default;

    // Evaluation happens between these two; `host` must stay alive until leave().
    virtual void enter(const Host& host) = 0;
    virtual void leave() = 0;

    // Binds _event (SCXML 5.10). The object a script sees is made when first asked for and is the
    // same one until the next call.
    virtual void set_event(const value::Event& event) = 0;

    // Creates the variable of a <data> element, undefined (SCXML 5.3). Keeps a value it already
    // has.
    virtual void declare(DataIndex data) = 0;
    virtual Outcome<void> initialise(DataIndex data, ExpressionId expression) = 0;
    virtual Outcome<void> initialise(DataIndex data, const value::Value& value) = 0;

    virtual Outcome<bool> condition(ExpressionId expression) = 0;
    virtual Outcome<value::Value> evaluate(ExpressionId expression) = 0;
    // For attributes that need a string (eventexpr, targetexpr, delayexpr, …): String(value).
    virtual Outcome<std::string> evaluate_text(ExpressionId expression) = 0;
    // <assign>: the location must exist and must not be a system variable (SCXML 5.4, 5.10).
    virtual Outcome<void> assign(ExpressionId location, ExpressionId expression) = 0;
    virtual Outcome<void> assign(ExpressionId location, const value::Value& value) = 0;
    virtual Outcome<void> run(ExpressionId script) = 0;

    // <foreach> (SCXML 4.6): begin() evaluates the array and keeps a shallow copy, next() declares
    // or sets item and index (empty name for none) and says whether there was a next one. They
    // nest.
    virtual Outcome<void> foreach_begin(ExpressionId array, std::string_view item,
                                        std::string_view index) = 0;
    virtual Outcome<bool> foreach_next() = 0;
    virtual void foreach_end() = 0;

    // All data items as they are now. Only at rest. False when they are larger than any stored
    // record or event may be (RuntimeOptions): the sink has got nothing of use then.
    virtual bool snapshot(ItemSink& sink) = 0;
    // Sets one item from a snapshot; `enter` must have been called (functions compile).
    virtual Outcome<void> restore(std::string_view name, const value::Value& value) = 0;
};

struct RuntimeOptions {
    // Used are script_memory_max and script_stack_max, and of session_bytes_max and event_bytes_max
    // the larger one: no value of more bytes is taken out of a session.
    SessionLimits limits;
};

struct SyntaxProblem {
    std::string message;
    std::uint32_t line = 0;  // relative to the expression's first line, from 0
    std::uint32_t column = 0;
};

// Runtime: the script engine of one shard: one realm shared by its sessions, and the compiled form
// of each chart's expressions. Threads: one owner at a time.
class Runtime {
  public:
    static Result<std::unique_ptr<Runtime>> create(const RuntimeOptions& options);
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    ~Runtime();

    // Cheap: a small object and, for ECMAScript, one empty scope. Null for a chart of the null data
    // model with neither conditions nor <data>: nobody would ever ask it anything, and a million
    // idle sessions pay for every byte. The caller keeps the program as long as the data model.
    std::unique_ptr<DataModel> create_data_model(std::shared_ptr<const Program> program);

    // Compiles without running; nullptr-like empty when the text is well formed.
    [[nodiscard]] std::vector<SyntaxProblem> check_syntax(DataModelKind datamodel,
                                                          ExpressionKind kind,
                                                          std::string_view text);
    // Names that the expression reads or writes but does not declare itself (for the linter's
    // "undeclared variable"); system variables and built-ins are left out.
    [[nodiscard]] std::vector<std::string> free_names(DataModelKind datamodel, ExpressionKind kind,
                                                      std::string_view text);
    // Names that a script declares at its top level (var, let, const, function, class).
    [[nodiscard]] std::vector<std::string> declared_names(std::string_view script);

    // Bytes the script engine holds now.
    [[nodiscard]] std::size_t memory_used() const;
    // Frees what only cycles keep alive, and compiled forms of charts that no session uses.
    void collect_garbage();

  private:
    struct Parts;
    explicit Runtime(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

// Does a script of this text change built-ins of the language (Array.prototype.x = …)? Such charts
// need a realm of their own.
bool changes_builtins(std::string_view script);

}  // namespace fermata::script
