/* summary.h: how all lines of the input ended, counted, and the last lines of a run. */
#ifndef SHOAL_SUMMARY_H
#define SHOAL_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/fetch_error.h"
#include "coordinator/output/sink.h"
#include "coordinator/text/writer.h"

/* Begins as all zero. */
struct summary {
    uint64_t by_error[FETCH_ERROR_COUNT]; /* by_error[FETCH_OK]: fetched */
    uint64_t body_bytes;                  /* decoded, of all outcomes */
    bool is_crawl;                        /* some outcome was of one */
    uint64_t by_reason[REASON_COUNT];     /* of a crawl: what was skipped; none of it is in by_error */
    uint64_t duplicates;                  /* of those fetched, pages that another URL had given before */
    uint64_t redirects;                   /* of those fetched, answers that lead elsewhere */
};

/* Counts one outcome. */
void summary_count(struct summary *summary, const struct outcome *outcome);

/* Outcomes counted but for what was skipped, and those of them that are no success. */
uint64_t summary_total(const struct summary *summary);
uint64_t summary_failed(const struct summary *summary);
uint64_t summary_skipped(const struct summary *summary);

/* Puts `Download <n> sites in <seconds> seconds`, and where there is something to say, each beginning a line of its own:
 *
 *     Download 15 sites in 1.500000 seconds
 *       13 fetched, 2 failed: timeout-connect 1, http-status 1       adds up to n
 *       3 redirects, 1 duplicate                                    of those fetched, by a crawl
 *       431 skipped: robots 11, scope 420                           not among the n
 *
 * The failures of a list stand on one line, for scripts; of a crawl no line has more than 80 columns: one that would goes on in the
 * next, four columns in. Then flushes; answers and blocks as
 * writer_flush(). */
enum status summary_write(const struct summary *summary, int64_t elapsed_ns, struct writer *writer);

#endif
