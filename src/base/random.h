// Random: a seeded source (xoshiro256**), so that any run can be repeated from its seed.
//
// Not for secrets: tokens and keys come from OpenSSL in http/.
#pragma once

#include <cstdint>

namespace fermata {

// Threads: one owner at a time.
class Random {
  public:
    using result_type = std::uint64_t;  // NOLINT(readability-identifier-naming): standard name

    explicit Random(std::uint64_t seed);
    // Seeded from the operating system.
    static Random from_entropy();

    std::uint64_t next();
    // Uniform in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound);

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~result_type{0}; }
    result_type operator()() { return next(); }

  private:
    std::uint64_t state_[4];
};

}  // namespace fermata
