// Expressions, and the names in them.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "script/data_model.h"
#include "scxml/lint.h"
#include "scxml/lint_text.h"
#include "scxml/rule_ids.h"
#include "scxml/validate_walk.h"

namespace fermata::scxml {

namespace {

using script::Expression;
using script::ExpressionKind;
using value::XmlIndex;
using value::XmlNode;

value::XmlPlace place_of(const Expression& expression) {
    return {expression.line, expression.column, expression.source};
}

class ExpressionsLint {
  public:
    ExpressionsLint(const Document& document, const Chart& chart, script::Runtime& runtime,
                    FindingWriter& writer)
        : document_(document),
          chart_(chart),
          program_(*chart.program()),
          runtime_(runtime),
          writer_(writer) {}

    void check() {
        collect_names();
        for (const Expression& expression : program_.expressions) {
            check_expression(expression);
        }
        check_unused_data();
    }

  private:
    void collect_names() {
        declared_.insert(program_.data_ids.begin(), program_.data_ids.end());
        auto collect = [this](const XmlNode& node, XmlIndex) {
            if (node.name == "foreach") {
                declared_.emplace(attribute_of(node, "item"));
                declared_.emplace(attribute_of(node, "index"));
            }
        };
        walk_elements(document_.xml, 0, collect);
        for (const Expression& expression : program_.expressions) {
            hides_names_ = hides_names_ || scxml::hides_names(expression.text);
            if (expression.kind != ExpressionKind::kScript) {
                continue;
            }
            // Code may also make a variable by assigning to it, so what it names may exist.
            for (const std::string& name : runtime_.declared_names(expression.text)) {
                declared_.insert(name);
            }
            for (const std::string& name : free_names(expression)) {
                declared_.insert(name);
            }
        }
    }

    void check_expression(const Expression& expression) {
        if (!said_
                 .insert(expression.text + '\n' + std::to_string(expression.line) + ':' +
                         std::to_string(expression.column))
                 .second) {
            return;
        }
        for (const std::string& id : in_arguments(expression.text)) {
            if (chart_.find_state(id) == kNone) {
                writer_.warning(place_of(expression), rule::kUnknownInState,
                                fmt::format("In('{}'): there is no such state", id));
            }
        }
        if (expression.kind == ExpressionKind::kCondition && assigns(expression.text)) {
            writer_.warning(place_of(expression), rule::kConditionAssigns,
                            fmt::format("cond=\"{}\" assigns", expression.text),
                            "write == or === to compare");
        }
        const auto problems =
            runtime_.check_syntax(program_.datamodel, expression.kind, expression.text);
        if (!problems.empty()) {
            report_syntax(expression, problems.front());
            return;
        }
        check_undeclared(expression);
    }

    void report_syntax(const Expression& expression, const script::SyntaxProblem& problem) {
        value::XmlPlace place = place_of(expression);
        // An attribute's expression has the place of its element; only a script's own lines count
        // on from there.
        if (expression.kind == ExpressionKind::kScript) {
            place.column = problem.line == 0 ? place.column + problem.column : problem.column + 1;
            place.line += problem.line;
        }
        writer_.warning(place, rule::kSyntaxError,
                        fmt::format("\"{}\": {}", shortened(expression.text), problem.message),
                        "the session would get error.execution here");
    }

    void check_undeclared(const Expression& expression) {
        if (hides_names_ || program_.datamodel == script::DataModelKind::kNull) {
            return;
        }
        for (const std::string& name : free_names(expression)) {
            const bool is_guarded = expression.text.find("typeof") != std::string::npos;
            if (declared_.count(name) == 0 && !is_guarded) {
                writer_.warning(place_of(expression), rule::kUndeclaredVariable,
                                fmt::format("nothing declares {}", name),
                                fmt::format("add <data id=\"{}\"/> to the <datamodel>", name));
            }
        }
    }

    void check_unused_data() {
        if (hides_names_) {
            return;
        }
        std::set<std::string> used;
        for (const Expression& expression : program_.expressions) {
            for (std::string& name : free_names(expression)) {
                used.insert(std::move(name));
            }
        }
        auto check = [&](const XmlNode& node, XmlIndex) {
            const std::string_view id = attribute_of(node, "id");
            if (node.name == "data" && used.count(std::string(id)) == 0) {
                writer_.note(node.place, rule::kUnusedData,
                             fmt::format("nothing uses data {}", id));
            }
        };
        walk_elements(document_.xml, 0, check);
    }

    std::vector<std::string> free_names(const Expression& expression) {
        return runtime_.free_names(program_.datamodel, expression.kind, expression.text);
    }

    static std::string shortened(std::string_view text) {
        constexpr std::size_t kShown = 60;
        return text.size() <= kShown ? std::string(text)
                                     : std::string(text.substr(0, kShown)) + "…";
    }

    const Document& document_;
    const Chart& chart_;
    const script::Program& program_;
    script::Runtime& runtime_;
    FindingWriter& writer_;
    std::set<std::string> declared_;
    bool hides_names_ = false;
    // One attribute can be two expressions (the value and the location of a namelist's item).
    std::set<std::string> said_;
};

}  // namespace

void lint_expressions(const Document& document, const Chart& chart, FindingWriter& writer) {
    auto runtime = script::Runtime::create({});
    FERMATA_CHECK(runtime);
    ExpressionsLint(document, chart, **runtime, writer).check();
}

}  // namespace fermata::scxml
