/* Runs in: coordinator
 *
 * summary.h: how all lines of the input ended, counted, and the last lines of a run. */
#ifndef SHOAL_SUMMARY_H
#define SHOAL_SUMMARY_H

#include <stdint.h>

#include "common/fetch_error.h"
#include "coordinator/sink.h"
#include "coordinator/writer.h"

/* Begins as all zero. */
struct summary {
    uint64_t by_error[FETCH_ERROR_COUNT]; /* by_error[FETCH_OK]: fetched */
    uint64_t body_bytes;                  /* decoded, of all outcomes */
};

/* Counts one outcome. */
void summary_count(struct summary *summary, const struct outcome *outcome);

/* Outcomes counted, and those of them that are no success. */
uint64_t summary_total(const struct summary *summary);
uint64_t summary_failed(const struct summary *summary);

/* Puts `Download <n> sites in <seconds> seconds`, and when any failed a second line that adds up to
 * n: `  13 fetched, 2 failed: timeout-connect 1, http-status 1`. Then flushes; answers and blocks
 * as writer_flush(). */
enum status summary_write(const struct summary *summary, int64_t elapsed_ns, struct writer *writer);

#endif
