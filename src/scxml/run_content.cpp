// Executable content (SCXML 4 and 5.4 to 5.8) but for <send>. A block ends at its first error.
#include "scxml/run.h"

namespace fermata::scxml {

void Interpreter::Run::run_blocks(Range blocks) {
    for (BlockIndex block = blocks.begin; block < blocks.end; ++block) {
        run_block(block);
    }
}

void Interpreter::Run::run_block(BlockIndex block) {
    if (last_limit_) {
        return;  // the session ends; no more of its code runs
    }
    const Range range = tables_.blocks[block];
    std::uint32_t open_loops = 0;
    std::uint32_t at = range.begin;
    bool is_good = true;
    while (is_good && at < range.end) {
        std::uint32_t next = at + 1;
        is_good = run_instruction(at, next, open_loops);
        at = next;
    }
    for (; open_loops > 0; --open_loops) {
        data_->foreach_end();
    }
}

bool Interpreter::Run::run_instruction(std::uint32_t at, std::uint32_t& next,
                                       std::uint32_t& open_loops) {
    const Instruction& instruction = tables_.instructions[at];
    switch (instruction.op) {
        case Op::kRaise:
            return raise(instruction.a, tables_.instruction_places[at]);
        case Op::kLog:
            return log(at);
        case Op::kAssign:
        case Op::kAssignValue:
            return assign(at);
        case Op::kScript: {
            const script::Outcome<void> outcome = data_->run(instruction.a);
            if (!outcome) {
                fail(outcome.error(), instruction.a, origin_of(at));
            }
            return outcome.has_value();
        }
        case Op::kSend:
            return send(at);
        case Op::kCancel:
            return cancel_send(at);
        case Op::kJumpUnless: {
            const script::Outcome<bool> outcome = data_->condition(instruction.a);
            if (!outcome) {
                // SCXML 5.9.1: counts as false, so <elseif> and <else> are still looked at.
                fail(outcome.error(), instruction.a, origin_of(at));
            }
            next = outcome && *outcome ? next : instruction.b;
            return !is_at_limit();
        }
        case Op::kJump:
            next = instruction.b;
            return true;
        case Op::kForeachBegin:
            return begin_loop(at, open_loops);
        case Op::kForeachNext:
            return next_in_loop(at, next);
        case Op::kForeachEnd:
            data_->foreach_end();
            --open_loops;
            return true;
    }
    return true;
}

bool Interpreter::Run::assign(std::uint32_t at) {
    const Instruction& instruction = tables_.instructions[at];
    script::Outcome<void> outcome;
    if (instruction.op == Op::kAssign) {
        outcome = data_->assign(instruction.a, instruction.b);
    } else {
        const value::Value* value = nullptr;
        if (!use_constant(instruction.b, value, origin_of(at))) {
            return false;
        }
        outcome = data_->assign(instruction.a, *value);
    }
    if (!outcome) {
        fail(outcome.error(), instruction.a, origin_of(at));
    }
    return outcome.has_value();
}

bool Interpreter::Run::log(std::uint32_t at) {
    if (!has_room_for_effect(origin_of(at))) {
        return false;
    }
    const Log& log = tables_.logs[tables_.instructions[at].a];
    LogEffect effect;
    effect.label = log.label;
    if (log.expression != script::kNoExpression) {
        script::Outcome<value::Value> outcome = data_->evaluate(log.expression);
        if (!outcome) {
            fail(outcome.error(), log.expression, origin_of(at));
            return false;
        }
        effect.value = std::move(*outcome);
    }
    effects_.emplace_back(std::move(effect));
    return true;
}

bool Interpreter::Run::cancel_send(std::uint32_t at) {
    CancelEffect effect;
    if (!has_room_for_effect(origin_of(at)) ||
        !read_text(tables_.cancels[tables_.instructions[at].a].sendid, effect.sendid,
                   origin_of(at))) {
        return false;
    }
    effects_.emplace_back(std::move(effect));
    return true;
}

bool Interpreter::Run::begin_loop(std::uint32_t at, std::uint32_t& open_loops) {
    const Foreach& loop = tables_.foreachs[tables_.instructions[at].a];
    const script::Outcome<void> outcome = data_->foreach_begin(loop.array, loop.item, loop.index);
    if (!outcome) {
        fail(outcome.error(), loop.array, origin_of(at));
        return false;
    }
    ++open_loops;
    return true;
}

bool Interpreter::Run::next_in_loop(std::uint32_t at, std::uint32_t& next) {
    check_stop(tables_.instruction_places[at]);
    const script::Outcome<bool> outcome = data_->foreach_next();
    if (!outcome) {
        fail(outcome.error(), script::kNoExpression, origin_of(at));
        return false;
    }
    next = *outcome ? next : tables_.instructions[at].b;
    return !is_at_limit();
}

bool Interpreter::Run::raise(NameIndex name, Place place) {
    if (scratch_.queue.size() >= limits_.pending_events_max) {
        hit_limit("max-pending-events", limits_.pending_events_max, place, kNone);
        return false;
    }
    scratch_.queue.push(name);
    return true;
}

bool Interpreter::Run::raise(value::Event event, Place place) {
    if (scratch_.queue.size() >= limits_.pending_events_max) {
        hit_limit("max-pending-events", limits_.pending_events_max, place, kNone);
        return false;
    }
    scratch_.queue.push(std::move(event));
    return true;
}

Interpreter::Run::Origin Interpreter::Run::origin_of(std::uint32_t instruction) const {
    return {element_name(tables_.instructions[instruction].op),
            tables_.instruction_places[instruction],
            {}};
}

}  // namespace fermata::scxml
