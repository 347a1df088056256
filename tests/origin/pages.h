/* Which path is answered how: the table of routes. */
#ifndef ORIGIN_PAGES_H
#define ORIGIN_PAGES_H

#include <stdint.h>
#include <stdio.h>

#include "tests/origin/answer.h"
#include "tests/origin/counts.h"
#include "tests/origin/request.h"

struct pages;

/* Makes everything that is served from memory. counts stays the caller's and must outlive the
 * result, which the caller owns. NULL when there is no memory. */
struct pages *pages_open(uint32_t wiki_delay_ms, const struct origin_counts_shm *counts);
void pages_close(struct pages *pages);

/* Fills the answer, whose fields say what the request allows; paths not in the table get 404. */
void pages_route(struct pages *pages, struct request *request, struct answer *answer);

/* Prints the table, and that of the broken answers, a line for each entry. */
void pages_print(FILE *out);

#endif
