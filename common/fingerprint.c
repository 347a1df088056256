/* fingerprint.c: 64 bits that stand for a text, so that a set of ten million URLs fits into memory. */
#include "common/fingerprint.h"

#include <sys/random.h>
#include <xxhash.h>

#include "common/clock.h"

uint64_t fingerprint_of(const void *bytes, size_t count, uint64_t seed)
{
    uint64_t fingerprint = XXH3_64bits_withSeed(bytes, count, seed);
    return fingerprint ? fingerprint : 1;
}

uint64_t fingerprint_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (uint64_t)clock_now_ns(); /* hardly random, but no two runs share it */
    return seed;
}
