/* Runs in: coordinator */
#include "coordinator/progress.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "coordinator/escape.h"
#include "coordinator/units.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX 256      /* wider lines help nobody, and a terminal takes so much at once */
#define LINE_COLUMNS_MAX 500 /* of a plain line */
#define IDLE_REDRAW_MS 1000  /* the elapsed time goes on when nothing else does */
#define SMOOTHING_S 2.0      /* the rates forget what is older */
#define ERASE "\r\033[K"

struct progress {
    int fd;
    bool silent; /* nothing will be shown any more */
    bool is_terminal;
    bool drawn; /* the line stands on the terminal */
    int64_t begin_ns;
    int64_t due_ns;                       /* nothing is drawn before */
    int64_t next_ns;                      /* drawn then even if nothing happened */
    int64_t sampled_ns;                   /* the rates are of the time since then ... */
    uint64_t sampled_done, sampled_bytes; /* ... and of what has been done since these */
    double done_per_s, bytes_per_s;
    struct writer line; /* in memory */
};

static bool is_usable_terminal(int fd)
{
    const char *name = getenv("TERM");
    return isatty(fd) && (name == NULL || strcmp(name, "dumb") != 0);
}

static void schedule(struct progress *progress, int64_t now_ns)
{
    progress->due_ns = now_ns + (progress->is_terminal ? PROGRESS_REDRAW_MS : PROGRESS_LINE_MS) * NS_PER_MS;
    progress->next_ns = progress->is_terminal ? now_ns + IDLE_REDRAW_MS * NS_PER_MS : progress->due_ns;
}

enum status progress_open(struct progress **progress, enum progress_when when, int fd, int64_t now_ns)
{
    struct progress *opened = calloc(1, sizeof *opened);
    *progress = NULL;
    if (opened == NULL)
        return STATUS_OUT_OF_MEMORY;
    opened->fd = fd;
    opened->silent = when == PROGRESS_NEVER;
    opened->is_terminal = is_usable_terminal(fd);
    opened->begin_ns = opened->sampled_ns = now_ns;
    schedule(opened, now_ns);
    if (when == PROGRESS_ALWAYS && !opened->is_terminal)
        opened->due_ns = opened->next_ns = now_ns;
    if (writer_open_memory(&opened->line) != STATUS_OK) {
        progress_close(opened);
        return STATUS_OUT_OF_MEMORY;
    }
    *progress = opened;
    return STATUS_OK;
}

bool progress_due(const struct progress *progress, int64_t now_ns)
{
    return !progress->silent && now_ns >= progress->due_ns;
}

int64_t progress_next_ns(const struct progress *progress)
{
    return progress->silent ? DEADLINE_NEVER : progress->next_ns;
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
    struct writer *line = &progress->line;
    char text[UNITS_TEXT_BYTES];
    writer_reset(line);
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

/* ---- the terminal ---- */

static size_t columns_of(const struct progress *progress)
{
    struct winsize size;
    if (!progress->is_terminal)
        return LINE_COLUMNS_MAX;
    if (ioctl(progress->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

/* The columns that a code point takes at most: it begins with the byte first. Whatever lies above
 * U+1100, where the wide ones begin, counts as two; so a line may come out too short, never too
 * long. */
static size_t columns_of_code(unsigned char first, unsigned char second)
{
    if (first >= 0x80 && first < 0xc0)
        return 0; /* inside a code point */
    bool may_be_wide = first > 0xe1 || (first == 0xe1 && second >= 0x84);
    return may_be_wide ? 2 : 1;
}

/* The length of what fits into so many columns; "..." is put in place of the rest. */
static size_t cut_to(struct writer *line, size_t columns)
{
    size_t bytes;
    const char *text = writer_text(line, &bytes);
    size_t used = 0, cut = 0, at = 0;
    for (; at < bytes; at++) {
        size_t wide = columns_of_code((unsigned char)text[at], (unsigned char)text[at + 1]);
        if (wide > 0 && used + 3 <= columns)
            cut = at; /* what stands before at, and three dots, fit */
        used += wide;
        if (used > columns)
            break;
    }
    if (at == bytes)
        return bytes;
    size_t dots = columns < 3 ? columns : 3;
    if (columns < 3)
        cut = 0;
    char *room = writer_room(line, 3);
    if (room == NULL)
        return 0;
    memcpy(line->buffer + cut, "...", dots);
    return cut + dots;
}

/* Writes if the other side takes it at once; false, and what was to be shown is lost, if not. */
static bool write_at_once(struct progress *progress, const char *bytes, size_t count)
{
    struct pollfd polled = {.fd = progress->fd, .events = POLLOUT};
    if (poll(&polled, 1, 0) != 1)
        return false;
    ssize_t written = write(progress->fd, bytes, count);
    if (written < 0 && (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        progress->silent = true; /* nobody is there any more */
    return written == (ssize_t)count;
}

/* A process in the background does not draw over what the foreground shows. */
static bool is_in_background(int fd)
{
    pid_t foreground = tcgetpgrp(fd);
    return foreground > 0 && foreground != getpgrp();
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn && write_at_once(progress, ERASE, sizeof ERASE - 1))
        progress->drawn = false;
}

void progress_update(struct progress *progress, const struct progress_state *state, int64_t now_ns)
{
    if (!progress_due(progress, now_ns))
        return;
    sample_rates(progress, state, now_ns);
    schedule(progress, now_ns);
    if (progress->is_terminal && is_in_background(progress->fd))
        return;
    compose(progress, state, now_ns);
    /* The last column stays free: some terminals wrap once it is filled. */
    size_t columns = columns_of(progress);
    size_t bytes = cut_to(&progress->line, columns > 1 ? columns - 1 : 1);
    char shown[sizeof ERASE + 4 * LINE_COLUMNS_MAX + 1];
    size_t at = 0;
    if (progress->is_terminal) {
        memcpy(shown, ERASE, sizeof ERASE - 1);
        at = sizeof ERASE - 1;
    }
    memcpy(shown + at, progress->line.buffer, bytes);
    at += bytes;
    if (!progress->is_terminal)
        shown[at++] = '\n';
    if (write_at_once(progress, shown, at))
        progress->drawn = progress->is_terminal;
}

/* ---- other output ---- */

static void clear_before_write(void *context)
{
    progress_clear(context);
}

void progress_watch(struct progress *progress, struct writer *writer)
{
    writer->before_write = clear_before_write;
    writer->before_write_context = progress;
}

void progress_forget(struct progress *progress, struct writer *writer)
{
    if (writer->before_write_context == progress) {
        writer->before_write = NULL;
        writer->before_write_context = NULL;
    }
}

void progress_close(struct progress *progress)
{
    if (progress == NULL)
        return;
    progress_clear(progress);
    writer_close(&progress->line);
    free(progress);
}
