#include "app/store_moving.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "app/store_asking.h"
#include "app/store_lines.h"
#include "app/store_reading.h"
#include "app/store_writing.h"

namespace fermata::app {

namespace {

constexpr std::size_t kPage = 1000;

// Hands all pieces of a source to a sink; may be called several times.
using Source = std::function<Result<void>(const PieceSink& sink)>;

std::function<void(std::uint64_t)> named_progress(const MovingOptions& options, const char* what) {
    if (!options.progress) {
        return {};
    }
    return [&options, what](std::uint64_t sessions) { options.progress(what, sessions); };
}

ReadingOptions reading_options(const MovingOptions& options, bool claim) {
    return {claim, options.node, named_progress(options, "read")};
}

Error file_error(const std::string& path) {
    return {ErrorCode::kUnavailable, path + ": " + std::generic_category().message(errno)};
}

Error cut_off() {
    return {ErrorCode::kCorrupt, "the export was cut off: its last line is missing"};
}

Result<void> add_sessions(store::Store& store, Partition partition, store::SessionPhase phase,
                          std::unordered_set<SessionId>& sessions) {
    std::string cursor;
    do {
        FERMATA_TRY_ASSIGN(const auto page, ask_store<store::SessionPage>([&](auto done) {
                               store.list_sessions(partition, phase, cursor, kPage,
                                                   std::move(done));
                           }));
        for (const store::SessionRecord& record : page.sessions) {
            sessions.insert(record.session);
        }
        cursor = page.next;
    } while (!cursor.empty());
    return {};
}

// The target's sessions, which the source must not have; none when it may.
Result<std::unordered_set<SessionId>> known_sessions(store::Store& store,
                                                     const MovingOptions& options) {
    std::unordered_set<SessionId> sessions;
    if (options.resume) {
        return sessions;
    }
    for (Partition partition = 0; partition < store.facts().partition_count; ++partition) {
        for (const store::SessionPhase phase : store::kSessionPhases) {
            FERMATA_TRY(add_sessions(store, partition, phase, sessions));
        }
    }
    return sessions;
}

// Before anything is written: is the source complete, and has the target sessions of it?
Result<void> try_first(store::Store& target, const Source& source,
                       const std::unordered_set<SessionId>& known) {
    WritingOptions options;
    options.dry_run = true;
    StoreWriting dry(target, options);
    std::uint64_t count = 0;
    std::string first;
    FERMATA_TRY(source([&](StoredPiece piece) -> Result<void> {
        const auto* session = std::get_if<StoredSession>(&piece);
        if (session != nullptr && known.contains(session->record.session)) {
            first = count++ == 0 ? session->record.session.key() : first;
        }
        return dry.take(std::move(piece));
    }));
    if (!dry.finished()) {
        return cut_off();
    }
    if (count > 0) {
        return Error(ErrorCode::kConflict,
                     std::to_string(count) +
                         " of the sessions are in this store already, such as " + first +
                         "; nothing was written (--resume goes on after an import that broke off)");
    }
    return {};
}

Result<MovingOutcome> move_into(store::Store& target, const Source& source,
                                const MovingOptions& options) {
    StoreWriting writing(target, {options.node, false, named_progress(options, "written")});
    FERMATA_TRY(source([&](StoredPiece piece) { return writing.take(std::move(piece)); }));
    if (!writing.finished()) {
        return cut_off();
    }
    return MovingOutcome{*writing.finished(), writing.kept_names()};
}

Result<void> read_lines(const std::string& path, const PieceSink& sink) {
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open()) {
        return file_error(path);
    }
    std::string line;
    for (std::uint64_t number = 1; std::getline(file, line); ++number) {
        const std::string place = path + ":" + std::to_string(number);
        Result<StoredPiece> piece = from_line(line);
        if (!piece) {
            return piece.error().with_context(place);
        }
        if (const auto taken = sink(*std::move(piece)); !taken) {
            return taken.error().with_context(place);
        }
    }
    return file.bad() ? Result<void>(file_error(path)) : Result<void>();
}

Result<StoreCounts> write_lines(store::Store& store, std::ostream& output,
                                const MovingOptions& options) {
    return read_store(store, reading_options(options, options.take_over),
                      [&output](const StoredPiece& piece) -> Result<void> {
                          output << to_line(piece) << '\n';
                          return output ? Result<void>() : Result<void>(file_error("writing"));
                      });
}

}  // namespace

Result<StoreCounts> export_store(store::Store& store, const std::string& path,
                                 const MovingOptions& options) {
    if (path == "-") {
        auto counts = write_lines(store, std::cout, options);
        std::cout.flush();
        return counts;
    }
    if (std::filesystem::exists(path)) {
        return Error(ErrorCode::kConflict, path + " exists already");
    }
    const std::string unfinished = path + ".part";
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    if (!file.is_open()) {
        return file_error(unfinished);
    }
    // Data of sessions is nobody else's business.
    std::error_code problem;
    std::filesystem::permissions(
        unfinished, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
        problem);
    auto counts = write_lines(store, file, options);
    file.close();
    if (!counts || !file) {
        std::filesystem::remove(unfinished, problem);
        return counts ? Result<StoreCounts>(file_error(unfinished)) : counts;
    }
    std::filesystem::rename(unfinished, path, problem);
    if (problem) {
        return Error(ErrorCode::kUnavailable, path + ": " + problem.message());
    }
    return counts;
}

Result<MovingOutcome> import_store(store::Store& store, const std::string& path,
                                   const MovingOptions& options) {
    const auto source = [&path](const PieceSink& sink) { return read_lines(path, sink); };
    FERMATA_TRY_ASSIGN(const auto known, known_sessions(store, options));
    FERMATA_TRY(try_first(store, source, known));
    return move_into(store, source, options);
}

Result<MovingOutcome> migrate_store(store::Store& from, store::Store& to,
                                    const MovingOptions& options) {
    bool claim = options.take_over;
    const auto source = [&](const PieceSink& sink) -> Result<void> {
        // Taken over once: a second reading of the same partitions finds them as they were.
        const auto counts =
            read_store(from, reading_options(options, std::exchange(claim, false)), sink);
        return counts ? Result<void>() : Result<void>(counts.error());
    };
    FERMATA_TRY_ASSIGN(const auto known, known_sessions(to, options));
    // A store is complete by itself: it is read twice only when there is something to compare.
    if (!known.empty()) {
        FERMATA_TRY(try_first(to, source, known));
    }
    return move_into(to, source, options);
}

}  // namespace fermata::app
