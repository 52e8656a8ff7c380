#include "cluster/sim_trace.h"

namespace fermata::cluster::sim {
namespace {

std::string text(const Beat& beat) {
    const store::NodeRecord& record = beat.beat.record;
    return "beat " + std::to_string(record.node) + (record.standby ? "s" : "") + " instance " +
           std::to_string(record.instance) + " number " + std::to_string(record.beat);
}
std::string text(const ListNodes& /*list*/) {
    return "";
}
std::string text(const ListOwners& /*list*/) {
    return "list owners";
}
std::string text(const RemoveNode& remove) {
    return "remove node " + std::to_string(remove.node);
}
std::string text(const Claim& claim) {
    return "claim " + std::to_string(claim.partition) + " from node " +
           std::to_string(claim.expected.node) + " epoch " + std::to_string(claim.expected.epoch);
}
std::string text(const Release& release) {
    return "release " + std::to_string(release.partition) + " epoch " +
           std::to_string(release.epoch);
}
std::string text(const Open& open) {
    return "open " + std::to_string(open.partition) + " epoch " + std::to_string(open.epoch);
}
std::string text(const SuspendAll& /*suspend*/) {
    return "suspend all";
}
std::string text(const Resume& resume) {
    return "resume " + std::to_string(resume.partition);
}
std::string text(const Close& close) {
    return "close " + std::to_string(close.partition);
}
std::string text(const Drop& drop) {
    return "drop " + std::to_string(drop.partition);
}

}  // namespace

std::string describe(const Action& action) {
    return std::visit([](const auto& done) { return text(done); }, action);
}

}  // namespace fermata::cluster::sim
