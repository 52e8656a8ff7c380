#include "redis_store/call.h"

namespace fermata::redis_store {

redis::Command numbered(const redis::Command& command, store::Epoch epoch, std::uint64_t number,
                        std::uint64_t first) {
    constexpr std::size_t kThreeNumbers = 96;
    redis::Command sent = command;
    sent.reserve(kThreeNumbers).add(epoch).add(number);
    if (first == 0) {
        sent.add("");
    } else {
        sent.add(first);
    }
    return sent;
}

redis::Command foreign(const redis::Command& command, const std::string& appender,
                       std::uint64_t number) {
    redis::Command sent = command;
    sent.add("foreign").add(appender).add(number);
    return sent;
}

}  // namespace fermata::redis_store
