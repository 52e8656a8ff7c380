#include "redis/script.h"

#include <array>

#include <openssl/evp.h>

#include "base/check.h"

namespace fermata::redis {
namespace {

std::string sha1_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    FERMATA_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) ==
                  1);
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string name;
    name.reserve(2 * std::size_t{size});
    for (unsigned index = 0; index < size; ++index) {
        name += kHex[digest[index] >> 4U];
        name += kHex[digest[index] & 15U];
    }
    return name;
}

}  // namespace

Script::Script(std::string text, const Script* when_full)
    : text_(std::move(text)), sha1_(sha1_of(text_)), when_full_(when_full) {}

}  // namespace fermata::redis
