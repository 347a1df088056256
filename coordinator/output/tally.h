/* tally.h: the outcomes of a fetch, counted in a page that the process which started it can read at any time, and still
 * has when the fetch has died. */
#ifndef SHOAL_TALLY_H
#define SHOAL_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/fetch_error.h"

/* writer: the coordinator that fetches | reader: who made the page | relaxed: each is a number of its own | one run. Begins
 * as all zero. Both are the same program, so there is no version in it. */
struct tally_shm {
    _Atomic uint64_t by_error[FETCH_ERROR_COUNT];
    _Atomic uint64_t body_bytes; /* decoded */
};

#endif
