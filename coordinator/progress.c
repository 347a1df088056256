/* Runs in: coordinator */
#include "coordinator/progress.h"

#include <stdlib.h>

#include "common/clock.h"
#include "coordinator/escape.h"
#include "coordinator/status_line.h"
#include "coordinator/units.h"

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

static void compose(struct progress *progress, const struct progress_state *state, int64_t now_ns)
{
    struct writer *line = status_line_begin(progress->line, now_ns);
    char text[UNITS_TEXT_BYTES];
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
    put_counted(line, ", ", (uint64_t)(progress->done_per_s + 0.5), "/s, ");
    writer_put_string(line, units_format_bytes(text, (uint64_t)progress->bytes_per_s));
    writer_put_string(line, "/s, ");
    writer_put_string(line, units_format_duration(text, now_ns - progress->begin_ns));
    if (state->waiting_for != NULL && state->waiting_for_bytes > 0) {
        writer_put_string(line, ", ");
        escape_text(line, state->waiting_for, state->waiting_for_bytes);
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
