/* summary.c: how all lines of the input ended, counted, and the last lines of a run. */
#include "coordinator/output/summary.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/text/units.h"

void summary_count(struct summary *summary, const struct outcome *outcome)
{
    const struct crawl_note *note = outcome->crawl;
    unsigned error = (unsigned)outcome->result->error;
    summary->is_crawl |= note != NULL;
    if (outcome_is_skip(outcome)) {
        summary->by_reason[note->reason]++;
        return;
    }
    if (note != NULL && error == FETCH_OK) {
        summary->redirects += note->redirect_to.bytes > 0;
        summary->duplicates += note->duplicate_of.bytes > 0;
    }
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

uint64_t summary_skipped(const struct summary *summary)
{
    uint64_t skipped = 0;
    for (int reason = 0; reason < REASON_COUNT; reason++)
        skipped += summary->by_reason[reason];
    return skipped;
}

/* ---- lines of counts ---- */

#define COLUMNS_MAX 80
#define INDENT "    "

/* A line that grows item by item. */
struct counts_line {
    struct writer *writer;
    size_t columns_max; /* 0: it may be of any width */
    size_t column;
    unsigned items;
};

static void put(struct counts_line *line, const char *text)
{
    writer_put_string(line->writer, text);
    line->column += strlen(text);
}

static void put_number(struct counts_line *line, uint64_t number)
{
    char digits[UNITS_TEXT_BYTES];
    *units_put_u64(digits, number) = '\0';
    put(line, digits);
}

/* ": timeout-connect 1", ", timeout-connect 1"; in the next line where it does not fit. */
static void put_item(struct counts_line *line, const char *name, uint64_t count)
{
    char item[64];
    if (count == 0)
        return;
    snprintf(item, sizeof item, "%s %" PRIu64, name, count);
    put(line, line->items++ == 0 ? ":" : ",");
    bool fits = line->columns_max == 0 || line->column + strlen(" ") + strlen(item) + strlen(",") <= line->columns_max;
    if (!fits) {
        writer_end_line(line->writer);
        line->column = 0;
        put(line, INDENT);
    } else {
        put(line, " ");
    }
    put(line, item);
}

static void put_failures(const struct summary *summary, struct writer *writer)
{
    struct counts_line line = {.writer = writer, .columns_max = summary->is_crawl ? COLUMNS_MAX : 0};
    put(&line, "  ");
    put_number(&line, summary->by_error[FETCH_OK]);
    put(&line, " fetched, ");
    put_number(&line, summary_failed(summary));
    put(&line, " failed");
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++)
        put_item(&line, fetch_error_name((enum fetch_error)error), summary->by_error[error]);
    writer_end_line(writer);
}

static void put_skips(const struct summary *summary, struct writer *writer)
{
    struct counts_line line = {.writer = writer, .columns_max = COLUMNS_MAX};
    put(&line, "  ");
    put_number(&line, summary_skipped(summary));
    put(&line, " skipped");
    for (int reason = REASON_FIRST_SKIP; reason < REASON_COUNT; reason++)
        put_item(&line, reason_name((enum crawl_reason)reason), summary->by_reason[reason]);
    writer_end_line(writer);
}

/* "3 redirects, 1 duplicate" */
static void put_pages(const struct summary *summary, struct writer *writer)
{
    struct counts_line line = {.writer = writer};
    put(&line, "  ");
    if (summary->redirects > 0) {
        put_number(&line, summary->redirects);
        put(&line, summary->redirects == 1 ? " redirect" : " redirects");
    }
    if (summary->duplicates > 0) {
        put(&line, summary->redirects > 0 ? ", " : "");
        put_number(&line, summary->duplicates);
        put(&line, summary->duplicates == 1 ? " duplicate" : " duplicates");
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
    if (summary->redirects > 0 || summary->duplicates > 0)
        put_pages(summary, writer);
    if (summary_skipped(summary) > 0)
        put_skips(summary, writer);
    return writer_flush(writer);
}
