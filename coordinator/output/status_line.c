/* status_line.c: one line that is redrawn on a terminal, plain lines now and then otherwise. */
#include "coordinator/output/status_line.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX 256      /* wider lines help nobody, and a terminal takes so much at once */
#define LINE_COLUMNS_MAX 500 /* of a plain line */
#define IDLE_REDRAW_MS 1000  /* the elapsed time goes on when nothing else does */
#define ERASE "\r\033[K"

struct status_line {
    int fd;
    bool silent; /* nothing will be shown any more */
    bool is_terminal;
    bool drawn;         /* the line stands on the terminal */
    int64_t due_ns;     /* nothing is drawn before */
    int64_t next_ns;    /* drawn then even if nothing happened */
    struct writer text; /* in memory */
};

static bool is_usable_terminal(int fd)
{
    const char *name = getenv("TERM");
    return isatty(fd) && (name == NULL || strcmp(name, "dumb") != 0);
}

static void schedule(struct status_line *line, int64_t now_ns)
{
    line->due_ns = now_ns + (line->is_terminal ? STATUS_LINE_REDRAW_MS : STATUS_LINE_PLAIN_MS) * NS_PER_MS;
    line->next_ns = line->is_terminal ? now_ns + IDLE_REDRAW_MS * NS_PER_MS : line->due_ns;
}

enum status status_line_open(struct status_line **line, enum progress_when when, int fd, int64_t now_ns)
{
    struct status_line *opened = calloc(1, sizeof *opened);
    *line = NULL;
    if (opened == NULL)
        return STATUS_OUT_OF_MEMORY;
    opened->fd = fd;
    opened->silent = when == PROGRESS_NEVER;
    opened->is_terminal = is_usable_terminal(fd);
    schedule(opened, now_ns);
    if (when == PROGRESS_ALWAYS && !opened->is_terminal)
        opened->due_ns = opened->next_ns = now_ns;
    if (writer_open_memory(&opened->text) != STATUS_OK) {
        status_line_close(opened);
        return STATUS_OUT_OF_MEMORY;
    }
    *line = opened;
    return STATUS_OK;
}

bool status_line_due(const struct status_line *line, int64_t now_ns)
{
    return !line->silent && now_ns >= line->due_ns;
}

int64_t status_line_next_ns(const struct status_line *line)
{
    return line->silent ? DEADLINE_NEVER : line->next_ns;
}

static size_t columns_of(const struct status_line *line)
{
    struct winsize size;
    if (!line->is_terminal)
        return LINE_COLUMNS_MAX;
    if (ioctl(line->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
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
static size_t cut_to(struct writer *writer, size_t columns)
{
    size_t bytes;
    const char *text = writer_text(writer, &bytes);
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
    char *room = writer_room(writer, 3);
    if (room == NULL)
        return 0;
    memcpy(writer->buffer + cut, "...", dots);
    return cut + dots;
}

/* Writes if the other side takes it at once; false, and what was to be shown is lost, if not. */
static bool write_at_once(struct status_line *line, const char *bytes, size_t count)
{
    struct pollfd polled = {.fd = line->fd, .events = POLLOUT};
    if (poll(&polled, 1, 0) != 1)
        return false;
    ssize_t written = write(line->fd, bytes, count);
    if (written < 0 && (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        line->silent = true; /* nobody is there any more */
    return written == (ssize_t)count;
}

/* A process in the background does not draw over what the foreground shows. */
static bool is_in_background(int fd)
{
    pid_t foreground = tcgetpgrp(fd);
    return foreground > 0 && foreground != getpgrp();
}

void status_line_clear(struct status_line *line)
{
    if (line->drawn && write_at_once(line, ERASE, sizeof ERASE - 1))
        line->drawn = false;
}

struct writer *status_line_begin(struct status_line *line, int64_t now_ns)
{
    schedule(line, now_ns);
    writer_reset(&line->text);
    return &line->text;
}

void status_line_show(struct status_line *line)
{
    if (line->silent || (line->is_terminal && is_in_background(line->fd)))
        return;
    /* The last column stays free: some terminals wrap once it is filled. */
    size_t columns = columns_of(line);
    size_t bytes = cut_to(&line->text, columns > 1 ? columns - 1 : 1);
    char shown[sizeof ERASE + 4 * LINE_COLUMNS_MAX + 1];
    size_t at = 0;
    if (line->is_terminal) {
        memcpy(shown, ERASE, sizeof ERASE - 1);
        at = sizeof ERASE - 1;
    }
    memcpy(shown + at, line->text.buffer, bytes);
    at += bytes;
    if (!line->is_terminal)
        shown[at++] = '\n';
    if (write_at_once(line, shown, at))
        line->drawn = line->is_terminal;
}

/* ---- other output ---- */

static void clear_before_write(void *context)
{
    status_line_clear(context);
}

void status_line_watch(struct status_line *line, struct writer *writer)
{
    writer->before_write = clear_before_write;
    writer->before_write_context = line;
}

void status_line_forget(struct status_line *line, struct writer *writer)
{
    if (writer->before_write_context == line) {
        writer->before_write = NULL;
        writer->before_write_context = NULL;
    }
}

void status_line_close(struct status_line *line)
{
    if (line == NULL)
        return;
    status_line_clear(line);
    writer_close(&line->text);
    free(line);
}
