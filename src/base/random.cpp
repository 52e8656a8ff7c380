#include "base/random.h"

#include <bit>
#include <random>

namespace fermata {
namespace {

// splitmix64 spreads a small seed over the whole state.
std::uint64_t split_mix(std::uint64_t& seed) {
    seed += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
}

}  // namespace

Random::Random(std::uint64_t seed) : state_{} {
    for (auto& word : state_) {
        word = split_mix(seed);
    }
}

Random Random::from_entropy() {
    std::random_device device;
    return Random((std::uint64_t{device()} << 32U) ^ device());
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
    // The high half of a 128-bit product; the bias is below 2^-64 * bound, nothing for our uses.
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64U);
}

}  // namespace fermata
