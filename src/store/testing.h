// For tests of stores, and with them: waiting for answers, temporary folders, small commits.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <stdlib.h>

#include "base/random.h"
#include "store/store.h"

namespace fermata::store {

// Calls `ask` with a callback and waits for its answer: wait<Epoch>([&](auto done) { … }).
template <typename Answer, typename Ask>
Result<Answer> wait(const Ask& ask) {
    auto promise = std::make_shared<std::promise<Result<Answer>>>();
    auto answer = promise->get_future();
    ask(Done<Answer>([promise](Result<Answer> result) { promise->set_value(std::move(result)); }));
    return answer.get();
}

class TemporaryFolder {
  public:
    explicit TemporaryFolder(
        const std::filesystem::path& below = std::filesystem::temp_directory_path()) {
        std::string name = (below / "fermata-XXXXXX").string();
        path_ = ::mkdtemp(name.data()) == nullptr ? "" : name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline SessionId test_session(std::uint64_t number, Partition partition = 0) {
    Random random(number);
    return SessionId::random(random, partition);
}

// Step `seq` of a session, which sets the field "state".
inline SessionCommit test_step(const SessionId& session, std::uint64_t seq,
                               const std::string& state) {
    SessionCommit commit;
    commit.session = session;
    commit.expected_seq = seq - 1;
    commit.seq = seq;
    commit.created_ms = seq == 1 ? 1000 : 0;
    commit.fields.push_back({"state", state});
    return commit;
}

}  // namespace fermata::store
