// Where a fuzz target is no fuzzer but a test: every seed of a folder, and inputs near it.
//
//   fuzz_json FOLDER
//
// A target says that something is wrong by ending the program.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Of a seed: so many places are cut at, and changed.
constexpr std::size_t kPlaces = 64;

std::size_t inputs_tried = 0;

void attempt(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    ++inputs_tried;
}

void attempt_all_near(const std::string& seed) {
    attempt(seed);
    const std::size_t step = std::max<std::size_t>(1, seed.size() / kPlaces);
    for (std::size_t place = 0; place < seed.size(); place += step) {
        attempt(seed.substr(0, place));
        for (const char other : {'\0', '\xff', static_cast<char>(seed[place] ^ 1)}) {
            std::string changed = seed;
            changed[place] = other;
            attempt(changed);
        }
    }
}

std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int count, char** words) {
    if (count != 2 || !std::filesystem::is_directory(words[1])) {
        std::fprintf(stderr, "usage: %s FOLDER\n", words[0]);
        return 2;
    }
    for (const auto& entry : std::filesystem::directory_iterator(words[1])) {
        attempt_all_near(content_of(entry.path()));
    }
    std::printf("%zu inputs tried\n", inputs_tried);
    return inputs_tried == 0 ? 1 : 0;
}
