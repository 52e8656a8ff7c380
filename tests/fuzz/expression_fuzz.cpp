// Any text as an expression, a location and a script: the tokenizer ends, what compiles runs within
// a small budget, and nothing that it does is seen by the next session.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "script/data_model.h"

namespace {

using namespace fermata::script;  // NOLINT(google-build-using-namespace): one file, one subject

class BudgetHost final : public Host {
  public:
    [[nodiscard]] bool is_active(std::string_view) const override { return false; }
    [[nodiscard]] std::string session_id() const override { return "S"; }
    [[nodiscard]] std::string session_name() const override { return "chart"; }
    [[nodiscard]] std::vector<IoProcessor> io_processors() const override { return {}; }
    [[nodiscard]] bool should_stop() const override { return ++polls_ > 3; }

  private:
    mutable std::uint32_t polls_ = 0;
};

class CheckingSink final : public ItemSink {
  public:
    void item(std::string_view, std::string_view encoded) override {
        FERMATA_CHECK(fermata::value::Value::from_bytes(std::string(encoded)).has_value());
    }
    void warning(std::string_view) override {}
};

Runtime& runtime() {
    static const std::unique_ptr<Runtime> made = [] {
        RuntimeOptions options;
        options.limits.script_memory_max = 8U << 20U;
        auto created = Runtime::create(options);
        FERMATA_CHECK(created.has_value());
        return std::move(*created);
    }();
    return *made;
}

// A name that only a leak of an earlier input could have made.
constexpr std::string_view kProbe =
    "Object.keys(globalThis).length + Object.keys(Object.prototype).length";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const ExpressionKind kind :
         {ExpressionKind::kValue, ExpressionKind::kLocation, ExpressionKind::kScript}) {
        static_cast<void>(runtime().check_syntax(DataModelKind::kEcmascript, kind, text));
        static_cast<void>(runtime().free_names(DataModelKind::kEcmascript, kind, text));
    }
    static_cast<void>(runtime().declared_names(text));
    static_cast<void>(changes_builtins(text));

    auto program = std::make_shared<Program>();
    program->datamodel = DataModelKind::kEcmascript;
    program->data_ids = {"data"};
    program->expressions = {{ExpressionKind::kScript, text, 1, 1, 0},
                            {ExpressionKind::kValue, text, 1, 1, 0},
                            {ExpressionKind::kLocation, text, 1, 1, 0},
                            {ExpressionKind::kValue, std::string(kProbe), 1, 1, 0}};
    const auto model = runtime().create_data_model(program);
    {
        const BudgetHost host;
        model->enter(host);
        model->declare(0);
        static_cast<void>(model->run(0));
        static_cast<void>(model->evaluate(1));
        static_cast<void>(model->assign(2, fermata::value::Value::integer(1)));
        model->leave();
    }
    CheckingSink sink;
    model->snapshot(sink);

    const auto other = runtime().create_data_model(program);
    const BudgetHost host;
    other->enter(host);
    const auto seen = other->evaluate(3);
    FERMATA_CHECK(seen.has_value() && seen->to_text() == "0");
    other->leave();
    runtime().collect_garbage();
    return 0;
}
