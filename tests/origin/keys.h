/* How often each KEY of /flaky/ or /reset-once/ was asked for. */
#ifndef ORIGIN_KEYS_H
#define ORIGIN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/origin/span.h"

enum { KEYS_MAX = 4096, KEY_BYTES_MAX = 64 };

struct keys;

/* The caller owns the table; NULL when there is no memory. */
struct keys *keys_open(void);
void keys_close(struct keys *keys);

/* Notes one more request for the key and gives in *before how many came earlier. False when the key
 * is empty or too long, or the table is full: it never forgets. */
bool keys_count(struct keys *keys, struct span key, uint64_t *before);

#endif
