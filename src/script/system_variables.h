// SystemVariables: _event, _sessionid, _name, _ioprocessors and _x (SCXML 5.10, C.1).
//
// They are no properties of a session's scope: the global object asks here, and what they are
// follows from the current session. None can be assigned to.
#pragma once

#include <array>
#include <cstdint>

#include "script/current_session.h"
#include "script/quickjs_api.h"

namespace fermata::script {

class Realm;

enum class SystemVariable : std::uint8_t { kEvent, kSessionId, kName, kIoProcessors, kX, kNone };

class SystemVariables {
  public:
    explicit SystemVariables(Realm& realm);
    SystemVariables(const SystemVariables&) = delete;
    SystemVariables& operator=(const SystemVariables&) = delete;
    ~SystemVariables();

    [[nodiscard]] SystemVariable find(JSAtom name) const {
        for (std::size_t at = 0; at < atoms_.size(); ++at) {
            if (atoms_[at] == name) {
                return static_cast<SystemVariable>(at);
            }
        }
        return SystemVariable::kNone;
    }
    // A new reference, or an exception.
    [[nodiscard]] JSValue get(SystemVariable variable);

    static bool is_name(std::string_view name);

  private:
    [[nodiscard]] JSValue event();
    [[nodiscard]] JSValue io_processors();

    Realm& realm_;
    std::array<JSAtom, 5> atoms_;
    JSValue x_;  // an empty frozen object
};

}  // namespace fermata::script
