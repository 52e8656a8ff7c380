#include "base/log.h"

#include <memory>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace fermata::log {
namespace {

Format current_format = Format::kText;

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::kTrace:
            return spdlog::level::trace;
        case Level::kDebug:
            return spdlog::level::debug;
        case Level::kInfo:
            return spdlog::level::info;
        case Level::kWarning:
            return spdlog::level::warn;
        case Level::kError:
            return spdlog::level::err;
        case Level::kCritical:
            return spdlog::level::critical;
        case Level::kOff:
            return spdlog::level::off;
    }
    return spdlog::level::info;
}

// JSON string syntax serves both formats: control characters in outside input cannot forge lines.
void append_quoted(std::string& line, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    line += '"';
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            line += '\\';
            line += character;
        } else if (character == '\n') {
            line += "\\n";
        } else if (byte < 0x20) {
            line += "\\u00";
            line += kHex[byte >> 4U];
            line += kHex[byte & 15U];
        } else {
            line += character;
        }
    }
    line += '"';
}

bool needs_quotes(std::string_view text) {
    return text.empty() || text.find_first_of(" \t\r\n\"\\=") != std::string_view::npos;
}

std::string text_line(std::string_view message, Fields fields) {
    std::string line(message);
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        if (needs_quotes(field.value)) {
            append_quoted(line, field.value);
        } else {
            line += field.value;
        }
    }
    return line;
}

std::string json_line(std::string_view message, Fields fields) {
    std::string line = "\"msg\":";
    append_quoted(line, message);
    for (const Field& field : fields) {
        line += ',';
        append_quoted(line, field.key);
        line += ':';
        append_quoted(line, field.value);
    }
    return line;
}

std::shared_ptr<spdlog::logger> make_logger(const Options& options) {
    if (options.file.empty()) {
        return std::make_shared<spdlog::logger>(
            "fermata", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    }
    return std::make_shared<spdlog::logger>(
        "fermata", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
}

}  // namespace

void configure(const Options& options) {
    auto logger = make_logger(options);
    current_format = options.format;
    logger->set_level(to_spdlog(options.level));
    logger->flush_on(spdlog::level::info);
    logger->set_pattern(options.format == Format::kJson
                            ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                            : "%H:%M:%S.%e %^%-7l%$ %v");
    spdlog::set_default_logger(std::move(logger));
}

bool enabled(Level level) {
    return spdlog::default_logger_raw()->should_log(to_spdlog(level));
}

void write(Level level, std::string_view message, Fields fields) {
    if (!enabled(level)) {
        return;
    }
    const std::string line =
        current_format == Format::kJson ? json_line(message, fields) : text_line(message, fields);
    spdlog::default_logger_raw()->log(to_spdlog(level), spdlog::string_view_t(line));
}

void flush() {
    spdlog::default_logger_raw()->flush();
}

}  // namespace fermata::log
