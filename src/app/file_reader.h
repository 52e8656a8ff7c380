// Reading files that documents name, within bounds of size and place.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace fermata::app {

struct FileText {
    std::string bytes;
    std::string etag;  // from time, size and inode: changes when the file does
};

// Reads a regular file that really lies in one of `folders` (after all symbolic links and "..").
// The check is made on the opened file, so that nobody can exchange it in between. kForbidden,
// kNotFound, kTooLarge.
Result<FileText> read_file_within(const std::string& path, const std::vector<std::string>& folders,
                                  std::size_t bytes_max);

}  // namespace fermata::app
