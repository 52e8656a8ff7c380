// NullModel: the null data model (SCXML B.1): no data, and In('id') as the only condition.
#pragma once

#include <optional>
#include <string_view>

#include "script/data_model.h"

namespace fermata::script {

class NullModel final : public DataModel {
  public:
    // The program must outlive the model.
    explicit NullModel(const Program& program) : program_(program) {}

    void enter(const Host& host) override { host_ = &host; }
    void leave() override { host_ = nullptr; }
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
    const Program& program_;
    const Host* host_ = nullptr;
};

// The id that the text of a null data model's condition asks for; nothing for any other text.
std::optional<std::string_view> parse_in(std::string_view text);

}  // namespace fermata::script
