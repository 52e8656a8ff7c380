// Logging: one line an entry, a static message and fields. Heavy headers (spdlog) stay in log.cpp.
//
//   log::info("session started", {{"session", id.to_string()}, {"chart", name}});
//
// Threads: every function from any thread. Values of secret options are never passed here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace fermata::log {

enum class Level { kTrace, kDebug, kInfo, kWarning, kError, kCritical, kOff };

// key=value; text values are quoted and escaped when needed.
struct Field {
    std::string_view key;
    std::string value;

    Field(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
    Field(std::string_view field_key, const char* text) : key(field_key), value(text) {}
    Field(std::string_view field_key, const std::string& text) : key(field_key), value(text) {}
    template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
    Field(std::string_view field_key, Number number)
        : key(field_key), value(std::to_string(number)) {}
};
using Fields = std::initializer_list<Field>;

enum class Format { kText, kJson };

struct Options {
    Level level = Level::kInfo;
    Format format = Format::kText;
    std::string file;  // empty: standard error
};

void configure(const Options& options);
bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields);
void flush();

inline void debug(std::string_view message, Fields fields = {}) {
    write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
    write(Level::kInfo, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
    write(Level::kWarning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
    write(Level::kError, message, fields);
}
inline void critical(std::string_view message, Fields fields = {}) {
    write(Level::kCritical, message, fields);
}

}  // namespace fermata::log
