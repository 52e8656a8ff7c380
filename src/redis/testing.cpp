#include "redis/testing.h"

#include <memory>

#include <hiredis/hiredis.h>

#include "redis/options.h"

namespace fermata::redis {

Result<Reply> decode_reply(std::string_view bytes) {
    const std::unique_ptr<redisReader, void (*)(redisReader*)> reader(redisReaderCreate(),
                                                                      redisReaderFree);
    // As a connection bounds them.
    reader->maxelements = static_cast<long long>(Options().reply_elements_max);
    void* reply = nullptr;
    if (redisReaderFeed(reader.get(), bytes.data(), bytes.size()) != REDIS_OK ||
        redisReaderGetReply(reader.get(), &reply) != REDIS_OK || reply == nullptr) {
        return Error(ErrorCode::kCorrupt, "no reply in these bytes");
    }
    return Reply(static_cast<redisReply*>(reply));
}

}  // namespace fermata::redis
