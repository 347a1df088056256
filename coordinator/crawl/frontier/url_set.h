/* url_set.h: which URLs were seen: a set of fingerprints. At most 16 bytes a member from 12,500 on, the growing
 * included: see url_set_bytes(). Members never leave. The memory is mapped with MADV_DONTFORK: a worker that is forked late neither pins
 * nor copies it. */
#ifndef SHOAL_URL_SET_H
#define SHOAL_URL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct url_set;

/* NULL when memory is short. */
struct url_set *url_set_open(void);
void url_set_close(struct url_set *set); /* accepts NULL */

enum url_set_answer { URL_SET_NEW, URL_SET_KNOWN, URL_SET_NO_MEMORY };

/* Adds a fingerprint, not 0. NO_MEMORY: the set is unchanged. */
enum url_set_answer url_set_add(struct url_set *set, uint64_t fingerprint);

bool url_set_has(const struct url_set *set, uint64_t fingerprint);

/* Asks for the memory that url_set_has() and _add() will look at, so that many can be on their way at once. */
void url_set_prefetch(const struct url_set *set, uint64_t fingerprint);

uint64_t url_set_count(const struct url_set *set);
size_t url_set_bytes(const struct url_set *set);      /* memory taken now */
size_t url_set_bytes_peak(const struct url_set *set); /* ... at most so far, while it grew */

#endif
