// EcmascriptModel: the ECMAScript data model of one session (SCXML B.2).
//
// At rest it is a scope object and five pointers; what an evaluation needs besides lives in the
// Engine's CurrentSession.
#pragma once

#include <memory>
#include <string_view>

#include "script/data_model.h"
#include "script/engine.h"

namespace fermata::script {

class EcmascriptModel final : public DataModel {
  public:
    // Null when out of memory.
    static std::unique_ptr<EcmascriptModel> create(Engine& engine,
                                                   std::shared_ptr<const Program> program);
    ~EcmascriptModel() override;

    void enter(const Host& host) override;
    void leave() override;
    void set_event(const value::Event& event) override;
    void declare(DataIndex data) override;
    Outcome<void> initialise(DataIndex data, ExpressionId expression) override;
    Outcome<void> initialise(DataIndex data, const value::Value& value) override;
    Outcome<bool> condition(ExpressionId expression) override;
    Outcome<value::Value> evaluate(ExpressionId expression) override;
    Outcome<std::string> evaluate_text(ExpressionId expression) override;
    Outcome<void> assign(ExpressionId location, ExpressionId expression) override;
    Outcome<void> assign(ExpressionId location, const value::Value& value) override;
    Outcome<void> run(ExpressionId script) override;
    Outcome<void> foreach_begin(ExpressionId array, std::string_view item,
                                std::string_view index) override;
    Outcome<bool> foreach_next() override;
    void foreach_end() override;
    bool snapshot(ItemSink& sink) override;
    Outcome<void> restore(std::string_view name, const value::Value& value) override;

  private:
    // What a session has besides when it does not use the shared realm.
    struct OwnRealm {
        std::unique_ptr<Realm> realm;
        std::unique_ptr<CompiledProgram> program;
    };

    EcmascriptModel(Engine& engine, CompiledProgram& program, std::unique_ptr<OwnRealm> own);

    [[nodiscard]] Realm& realm() const { return own_ ? *own_->realm : engine_.shared_realm(); }
    [[nodiscard]] JSContext* context() const { return realm().context(); }
    // Evaluates; the caller frees the value. Begins an evaluation that finish() ends.
    Outcome<JSValue> call(ExpressionId expression);
    Outcome<void> finish();
    Outcome<void> store(ExpressionId location, JSValue value);
    Outcome<void> store_data(DataIndex data, JSValue value);
    Outcome<void> set_variable(JSAtom name, JSValue value);
    [[nodiscard]] Failure failure(ExpressionId expression);
    [[nodiscard]] Failure failure();
    Outcome<JSAtom> variable_name(std::string_view name);
    [[nodiscard]] bool is_array(JSValueConst value) const;

    bool snapshot_items(ItemSink& sink, Encoder& encoder, const js::Names& names);
    [[nodiscard]] Failure too_large() const;
    Outcome<value::Value> taken_out(Encoder& encoder, JSValueConst value);
    void snapshot_whole(ItemSink& sink, Encoder& encoder, const js::Names& names);
    void warn(ItemSink& sink, const Encoder& encoder);
    [[nodiscard]] bool is_known(std::string_view name) const;

    Engine& engine_;
    CompiledProgram& program_;
    std::unique_ptr<OwnRealm> own_;
    JSValue scope_;
};

}  // namespace fermata::script
