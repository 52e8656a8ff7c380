#include "redis/status.h"

namespace fermata::redis {

std::string_view to_string(PrimaryState state) {
    switch (state) {
        case PrimaryState::kConnecting:
            return "connecting";
        case PrimaryState::kReady:
            return "ready";
        case PrimaryState::kFull:
            return "full";
        case PrimaryState::kOverfull:
            return "overfull";
        case PrimaryState::kTroubled:
            return "troubled";
        case PrimaryState::kDenied:
            return "denied";
    }
    return "connecting";
}

}  // namespace fermata::redis
