/* The 15 Wikipedia pages of the classic futures example: same names, same sizes,
 * made-up contents. */
#ifndef ORIGIN_WIKI_H
#define ORIGIN_WIKI_H

#include <stddef.h>

#include "tests/origin/span.h"

enum { WIKI_PAGE_COUNT = 15, WIKI_DELAY_MS = 150 /* unless asked otherwise */ };

struct wiki_page {
    const char *name; /* served at /wiki/NAME */
    size_t body_bytes;
};

extern const struct wiki_page wiki_pages[WIKI_PAGE_COUNT];

struct wiki;

/* Makes the 15 bodies from filler. The caller owns the result; NULL when there is no memory. */
struct wiki *wiki_open(struct span filler);
void wiki_close(struct wiki *wiki);

/* The body of the page of that name, body_bytes long, owned by wiki. Empty: no such page. */
struct span wiki_find(const struct wiki *wiki, struct span name);

#endif
