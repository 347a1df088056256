/* Runs in: coordinator */
#include "coordinator/summary.h"

#include <stdbool.h>

#include "coordinator/units.h"

void summary_count(struct summary *summary, const struct outcome *outcome)
{
    unsigned error = (unsigned)outcome->result->error;
    summary->by_error[error < FETCH_ERROR_COUNT ? error : FETCH_PROTOCOL]++;
    summary->body_bytes += outcome->result->body_bytes;
}

uint64_t summary_total(const struct summary *summary)
{
    return summary->by_error[FETCH_OK] + summary_failed(summary);
}

uint64_t summary_failed(const struct summary *summary)
{
    uint64_t failed = 0;
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++)
        failed += summary->by_error[error];
    return failed;
}

static void put_failures(const struct summary *summary, struct writer *writer)
{
    writer_put_string(writer, "  ");
    writer_put_u64(writer, summary->by_error[FETCH_OK]);
    writer_put_string(writer, " fetched, ");
    writer_put_u64(writer, summary_failed(summary));
    writer_put_string(writer, " failed");
    bool first = true;
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++) {
        if (summary->by_error[error] == 0)
            continue;
        writer_put_string(writer, first ? ": " : ", ");
        writer_put_string(writer, fetch_error_name((enum fetch_error)error));
        writer_put_string(writer, " ");
        writer_put_u64(writer, summary->by_error[error]);
        first = false;
    }
    writer_end_line(writer);
}

enum status summary_write(const struct summary *summary, int64_t elapsed_ns, struct writer *writer)
{
    char seconds[UNITS_TEXT_BYTES];
    char *end = units_put_seconds(seconds, elapsed_ns > 0 ? elapsed_ns / 1000 : 0);
    writer_put_string(writer, "Download ");
    writer_put_u64(writer, summary_total(summary));
    writer_put_string(writer, " sites in ");
    writer_put(writer, seconds, (size_t)(end - seconds));
    writer_put_string(writer, " seconds");
    writer_end_line(writer);
    if (summary_failed(summary) > 0)
        put_failures(summary, writer);
    return writer_flush(writer);
}
