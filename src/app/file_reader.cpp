#include "app/file_reader.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fermata::app {

namespace {

namespace fs = std::filesystem;

// Closes on leaving.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    [[nodiscard]] int number() const { return number_; }

  private:
    const int number_;
};

bool is_within(const fs::path& file, const std::string& folder) {
    std::error_code missing;
    const fs::path real = fs::canonical(folder, missing);
    if (missing) {
        return false;
    }
    const auto differ = std::mismatch(real.begin(), real.end(), file.begin(), file.end());
    return differ.first == real.end();
}

Result<std::string> read_all(int file, std::size_t size, const std::string& path) {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t count = ::read(file, bytes.data() + filled, size - filled);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return Error(ErrorCode::kUnavailable,
                         path + " cannot be read: " + std::generic_category().message(errno));
        }
        if (count == 0) {
            break;
        }
        filled += static_cast<std::size_t>(count);
    }
    bytes.resize(filled);
    return bytes;
}

}  // namespace

Result<FileText> read_file_within(const std::string& path, const std::vector<std::string>& folders,
                                  std::size_t bytes_max) {
    // Not blocking: a pipe must not hold up the caller before it is recognised as no file.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.number() < 0) {
        return Error(ErrorCode::kNotFound, path + ": " + std::generic_category().message(errno));
    }
    std::error_code problem;
    const fs::path real =
        fs::read_symlink("/proc/self/fd/" + std::to_string(file.number()), problem);
    if (problem || std::none_of(folders.begin(), folders.end(), [&](const std::string& folder) {
            return is_within(real, folder);
        })) {
        return Error(ErrorCode::kForbidden,
                     path + " lies outside of the folders that may be read ([documents] folder)");
    }
    struct stat facts {};
    if (::fstat(file.number(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return Error(ErrorCode::kForbidden, path + " is no regular file");
    }
    const auto size = static_cast<std::size_t>(facts.st_size);
    if (size > bytes_max) {
        return Error(ErrorCode::kTooLarge, path + " has " + std::to_string(size) +
                                               " bytes; at most " + std::to_string(bytes_max) +
                                               " are read (max-document-size)");
    }
    FileText text;
    FERMATA_TRY_ASSIGN(text.bytes, read_all(file.number(), size, path));
    text.etag = std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec) +
                "-" + std::to_string(size) + "-" + std::to_string(facts.st_ino);
    return text;
}

}  // namespace fermata::app
