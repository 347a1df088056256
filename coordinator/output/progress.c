/* progress.c: how far a fetch or a crawl is, in the status line. */
#include "coordinator/output/progress.h"

#include <stdlib.h>

#include "common/clock.h"
#include "coordinator/output/status_line.h"
#include "coordinator/text/escape.h"
#include "coordinator/text/units.h"

#define SMOOTHING_S 2.0 /* the rates forget what is older */

struct progress {
    struct status_line *line;
    int64_t begin_ns;
    int64_t sampled_ns;                   /* the rates are of the time since then ... */
    uint64_t sampled_done, sampled_bytes; /* ... and of what has been done since these */
    double done_per_s, bytes_per_s;
};

enum status progress_open(struct progress **progress, enum progress_when when, int fd, int64_t now_ns)
{
    struct progress *opened = calloc(1, sizeof *opened);
    *progress = NULL;
    if (opened == NULL)
        return STATUS_OUT_OF_MEMORY;
    opened->begin_ns = opened->sampled_ns = now_ns;
    if (status_line_open(&opened->line, when, fd, now_ns) != STATUS_OK) {
        free(opened);
        return STATUS_OUT_OF_MEMORY;
    }
    *progress = opened;
    return STATUS_OK;
}

bool progress_due(const struct progress *progress, int64_t now_ns)
{
    return status_line_due(progress->line, now_ns);
}

int64_t progress_next_ns(const struct progress *progress)
{
    return status_line_next_ns(progress->line);
}

/* ---- what is shown ---- */

/* Moves the rates towards those since the last sample: the longer ago that is, the more. */
static void sample_rates(struct progress *progress, const struct progress_state *state, int64_t now_ns)
{
    double seconds = (double)(now_ns - progress->sampled_ns) / (double)NS_PER_S;
    if (seconds <= 0)
        return;
    bool first = progress->sampled_ns == progress->begin_ns;
    double weight = first ? 1.0 : seconds / (seconds + SMOOTHING_S);
    double done = (double)(state->done - progress->sampled_done) / seconds;
    double bytes = (double)(state->bytes - progress->sampled_bytes) / seconds;
    progress->done_per_s += weight * (done - progress->done_per_s);
    progress->bytes_per_s += weight * (bytes - progress->bytes_per_s);
    progress->sampled_ns = now_ns;
    progress->sampled_done = state->done;
    progress->sampled_bytes = state->bytes;
}

static void put_counted(struct writer *line, const char *before, uint64_t count, const char *after)
{
    writer_put_string(line, before);
    writer_put_u64(line, count);
    writer_put_string(line, after);
}

/* A line of this many columns is left whole by the terminals that most have. */
#define COLUMNS_WHOLE 79

/* How far a list is. */
static void put_list(struct writer *line, const struct progress_state *state)
{
    writer_put_u64(line, state->done);
    if (state->total_known > 0)
        put_counted(line, "/", state->total_known, "");
    writer_put_string(line, " done");
    if (state->failed > 0)
        put_counted(line, ", ", state->failed, " failed");
    put_counted(line, ", ", state->in_flight, " in flight");
    if (state->held_hosts > 0)
        put_counted(line, ", ", state->held_hosts, state->held_hosts == 1 ? " host held" : " hosts held");
    if (state->total_known == 0 && state->queued > 0)
        put_counted(line, ", ", state->queued, " queued");
}

/* How much of a crawl's line is left out, in this order, until it fits. At the end of a crawl, when something is waited for, rates and
 * counts of hosts say little. */
enum brevity { SHOW_ALL, NO_BYTES, NO_RATES, NO_HOSTS };

/* How far a crawl is: its end is not known, so what waits is always said. */
static void put_crawl(struct writer *line, const struct progress_state *state, enum brevity brevity)
{
    put_counted(line, "", state->done, state->done == 1 ? " page" : " pages");
    if (state->failed > 0)
        put_counted(line, ", ", state->failed, " failed");
    put_counted(line, ", ", state->queued, " queued");
    if (state->in_flight > 0 || brevity < NO_HOSTS)
        put_counted(line, ", ", state->in_flight, " in flight");
    if (brevity == NO_HOSTS)
        return;
    if (state->held_hosts > 0) {
        put_counted(line, ", ", state->held_hosts, "/");
        put_counted(line, "", state->hosts, state->hosts == 1 ? " host held" : " hosts held");
    } else if (state->hosts > 1) {
        put_counted(line, ", ", state->hosts, " hosts");
    }
}

static void put_wait(struct writer *line, const struct progress_state *state)
{
    if (state->waiting_for != NULL && state->waiting_for_bytes > 0) {
        writer_put_string(line, ", ");
        escape_text(line, state->waiting_for, state->waiting_for_bytes);
    }
}

static void put_rates(struct writer *line, const struct progress *progress, enum brevity brevity)
{
    char text[UNITS_TEXT_BYTES];
    if (brevity >= NO_RATES)
        return;
    put_counted(line, ", ", (uint64_t)(progress->done_per_s + 0.5), "/s");
    if (brevity == SHOW_ALL) {
        writer_put_string(line, ", ");
        writer_put_string(line, units_format_bytes(text, (uint64_t)progress->bytes_per_s));
        writer_put_string(line, "/s");
    }
}

static void compose(struct progress *progress, const struct progress_state *state, int64_t now_ns)
{
    enum brevity most = !state->is_crawl ? SHOW_ALL : state->waiting_for != NULL ? NO_HOSTS : NO_RATES;
    for (enum brevity brevity = SHOW_ALL;; brevity++) {
        struct writer *line = status_line_begin(progress->line, now_ns);
        char text[UNITS_TEXT_BYTES];
        size_t bytes;
        if (state->is_crawl)
            put_crawl(line, state, brevity);
        else
            put_list(line, state);
        put_rates(line, progress, brevity);
        writer_put_string(line, ", ");
        writer_put_string(line, units_format_duration(text, now_ns - progress->begin_ns));
        put_wait(line, state);
        writer_text(line, &bytes);
        if (brevity == most || bytes <= COLUMNS_WHOLE)
            break;
    }
}

void progress_update(struct progress *progress, const struct progress_state *state, int64_t now_ns)
{
    if (!progress_due(progress, now_ns))
        return;
    sample_rates(progress, state, now_ns);
    compose(progress, state, now_ns);
    status_line_show(progress->line);
}

void progress_clear(struct progress *progress)
{
    status_line_clear(progress->line);
}

void progress_watch(struct progress *progress, struct writer *writer)
{
    status_line_watch(progress->line, writer);
}

void progress_forget(struct progress *progress, struct writer *writer)
{
    status_line_forget(progress->line, writer);
}

void progress_close(struct progress *progress)
{
    if (progress == NULL)
        return;
    status_line_close(progress->line);
    free(progress);
}
