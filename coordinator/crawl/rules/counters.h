/* counters.h: how often keys were counted, in bounded memory.
 *
 * DESIGN. Cells of 16 bytes in a table with open addressing: 4 MiB of addresses at first, of which only what is used is memory,
 * doubled when five eighths are taken, to 64 MiB (COUNTERS_BYTES_MAX: 2.6 million keys, and as many more as fit without). Then a new
 * key takes the place of the smallest count among the COUNTERS_WINDOW cells where it may lie. So a count may be too small, when more
 * keys came than fit, but is never too large; and large counts stay, whatever flood of keys passes by. */
#ifndef SHOAL_COUNTERS_H
#define SHOAL_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTERS_BYTES_FIRST ((size_t)4 << 20)
#define COUNTERS_BYTES_MAX ((size_t)64 << 20)
#define COUNTERS_WINDOW 16u

struct counters;

/* bytes_max: a power of two from 4096 on; less than COUNTERS_BYTES_FIRST begins there. NULL when memory is short. */
struct counters *counters_open(size_t bytes_max);
void counters_close(struct counters *counters); /* accepts NULL */

/* key: well mixed (common/fingerprint.h), not 0. */
uint32_t counters_get(const struct counters *counters, uint64_t key);

/* Adds one. False where the key is new and another had to leave for it: then this one may have been here before, and have left. Where
 * memory is too short to grow, the table stays as large as it is. */
bool counters_add(struct counters *counters, uint64_t key);

size_t counters_bytes(const struct counters *counters); /* the table's size */

#endif
