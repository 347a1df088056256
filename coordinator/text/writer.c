/* writer.c: buffered lines on a descriptor that may be slow, stopped, full or closed. */
#include "coordinator/text/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "coordinator/text/units.h"

#define LINE_SLACK_BYTES ((size_t)16 << 10) /* so that the last line before a write rarely makes the buffer grow */
#define MEMORY_BUFFER_BYTES ((size_t)256)
#define BUFFER_BYTES_MAX ((size_t)1 << 30)
#define PIPE_PIECE_BYTES ((size_t)PIPE_BUF)    /* POLLOUT on a pipe: so much goes in without blocking */
#define TERMINAL_PIECE_BYTES ((size_t)256)     /* POLLOUT on a terminal: there is some room */
#define SOCKET_PIECE_BYTES WRITER_BUFFER_BYTES /* never blocks: MSG_DONTWAIT */
#define REFUSED_PAUSE_MS 10                    /* poll says there is room, write says there is none */
#define FIFO_PAUSE_MS 50

/* ---- failures ---- */

static enum status fail(struct writer *writer, enum status status, const char *verb, int error)
{
    if (writer->status != STATUS_OK)
        return writer->status;
    const char *what = status == STATUS_INTERRUPTED     ? "interrupted"
                       : status == STATUS_OUT_OF_MEMORY ? "out of memory"
                                                        : strerror(error);
    snprintf(writer->why, sizeof writer->why, "cannot %s %s: %s", verb, writer->name, what);
    writer->status = status;
    writer->error = error;
    writer->used = writer->whole = 0;
    return status;
}

/* ---- waiting ---- */

/* Asks whether to give up, deaf to the descriptor for a while if the answer is no. */
static bool gives_up(const struct writer_interrupt *interrupt, bool readable, int64_t *deaf_until_ns)
{
    if (readable) {
        if (interrupt->give_up == NULL || interrupt->give_up(interrupt->context))
            return true;
        *deaf_until_ns = clock_now_ns() + WRITER_DEAF_MS * NS_PER_MS;
    }
    return clock_now_ns() >= interrupt->deadline_ns;
}

static int64_t earlier(int64_t left_ns, int64_t right_ns)
{
    return left_ns < right_ns ? left_ns : right_ns;
}

/* Waits until fd takes bytes (-1: until pause_ms have passed; negative: no such end). OK also when
 * fd has an error, which the next write then meets. */
static enum status wait_for_room(struct writer *writer, int fd, int pause_ms)
{
    static const struct writer_interrupt never = {.fd = -1, .deadline_ns = DEADLINE_NEVER};
    const struct writer_interrupt *interrupt = writer->interrupt != NULL ? writer->interrupt : &never;
    int64_t pause_until_ns = clock_deadline_ns(pause_ms);
    int64_t deaf_until_ns = 0;
    for (;;) {
        bool deaf = clock_now_ns() < deaf_until_ns;
        int64_t wake_ns = earlier(pause_until_ns, interrupt->deadline_ns);
        if (deaf)
            wake_ns = earlier(wake_ns, deaf_until_ns);
        struct pollfd polled[2] = {{.fd = fd, .events = POLLOUT}, {.fd = deaf ? -1 : interrupt->fd, .events = POLLIN}};
        if (poll(polled, 2, wake_ns == DEADLINE_NEVER ? -1 : clock_left_ms(wake_ns, INT_MAX)) < 0) {
            if (errno != EINTR && errno != EAGAIN)
                return fail(writer, STATUS_SYSTEM, "poll", errno);
            polled[0].revents = polled[1].revents = 0;
        }
        if (polled[0].revents != 0)
            return STATUS_OK;
        if (gives_up(interrupt, polled[1].revents != 0, &deaf_until_ns))
            return fail(writer, STATUS_INTERRUPTED, "write to", 0);
        if (clock_now_ns() >= pause_until_ns)
            return STATUS_OK;
    }
}

/* ---- writing ---- */

/* How much to write at once: no more than surely fits, and whole lines if there is the end of one,
 * since a pipe keeps such a piece together when others write to it too. */
static size_t piece_of(const struct writer *writer, const char *bytes, size_t count)
{
    if (!writer->waits || count <= writer->piece_bytes)
        return count;
    const char *line_end = memrchr(bytes, '\n', writer->piece_bytes);
    return line_end != NULL ? (size_t)(line_end - bytes) + 1 : writer->piece_bytes;
}

static ssize_t write_piece(const struct writer *writer, const char *bytes, size_t count)
{
    if (writer->is_socket)
        return send(writer->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(writer->fd, bytes, count);
}

/* Writes the first count bytes of the buffer and takes them out of it. */
static enum status write_out(struct writer *writer, size_t count)
{
    if (count > 0 && writer->is_terminal && writer->before_write != NULL)
        writer->before_write(writer->before_write_context);
    for (size_t done = 0; done < count;) {
        if (writer->waits && wait_for_room(writer, writer->fd, -1) != STATUS_OK)
            return writer->status;
        ssize_t written =
            write_piece(writer, writer->buffer + done, piece_of(writer, writer->buffer + done, count - done));
        if (written >= 0) {
            done += (size_t)written;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (wait_for_room(writer, -1, REFUSED_PAUSE_MS) != STATUS_OK)
                return writer->status;
        } else if (errno != EINTR) {
            return fail(writer, STATUS_SYSTEM, "write to", errno);
        }
    }
    memmove(writer->buffer, writer->buffer + count, writer->used - count);
    writer->used -= count;
    writer->whole -= count;
    return STATUS_OK;
}

/* ---- the buffer ---- */

char *writer_room(struct writer *writer, size_t count)
{
    if (writer->status != STATUS_OK)
        return NULL;
    if (count <= writer->size - writer->used)
        return writer->buffer + writer->used;
    size_t size = writer->size;
    while (size - writer->used < count && size <= BUFFER_BYTES_MAX)
        size *= 2;
    char *larger = size - writer->used < count ? NULL : realloc(writer->buffer, size);
    if (larger == NULL) {
        fail(writer, STATUS_OUT_OF_MEMORY, "write to", ENOMEM);
        return NULL;
    }
    writer->buffer = larger;
    writer->size = size;
    return writer->buffer + writer->used;
}

void writer_advance(struct writer *writer, size_t count)
{
    writer->used += count;
}

/* The buffer must grow, or has failed. */
void writer_put_slowly(struct writer *writer, const void *bytes, size_t count)
{
    char *room = writer_room(writer, count);
    if (room != NULL && count > 0) {
        memcpy(room, bytes, count);
        writer->used += count;
    }
}

void writer_put_string(struct writer *writer, const char *string)
{
    writer_put(writer, string, strlen(string));
}

void writer_put_u64(struct writer *writer, uint64_t value)
{
    char *room = writer_room(writer, 20);
    if (room != NULL)
        writer->used += (size_t)(units_put_u64(room, value) - room);
}

enum status writer_end_line(struct writer *writer)
{
    writer_put(writer, "\n", 1);
    if (writer->status != STATUS_OK)
        return writer->status;
    writer->whole = writer->used;
    return writer->fd >= 0 && writer->whole >= WRITER_BUFFER_BYTES ? write_out(writer, writer->whole) : STATUS_OK;
}

enum status writer_flush(struct writer *writer)
{
    if (writer->status != STATUS_OK || writer->fd < 0)
        return writer->status;
    return writer->whole > 0 ? write_out(writer, writer->whole) : STATUS_OK;
}

const char *writer_text(struct writer *writer, size_t *bytes)
{
    *bytes = 0;
    char *end = writer_room(writer, 1);
    if (end == NULL)
        return "";
    *end = '\0';
    *bytes = writer->used;
    return writer->buffer;
}

void writer_reset(struct writer *writer)
{
    writer->used = writer->whole = 0;
    if (writer->buffer != NULL)
        writer->status = STATUS_OK;
}

/* ---- opening and closing ---- */

static enum status prepare(struct writer *writer, const char *name, size_t size,
                           const struct writer_interrupt *interrupt)
{
    *writer = (struct writer){.fd = -1, .interrupt = interrupt, .buffer = malloc(size)};
    writer->size = writer->buffer != NULL ? size : 0;
    if ((size_t)snprintf(writer->name, sizeof writer->name, "%s", name) >= sizeof writer->name)
        memcpy(writer->name + sizeof writer->name - 4, "...", 4);
    return writer->buffer != NULL ? STATUS_OK : fail(writer, STATUS_OUT_OF_MEMORY, "write to", ENOMEM);
}

/* Finds out how to write to writer->fd. */
static void look_at(struct writer *writer)
{
    struct stat stat;
    bool known = fstat(writer->fd, &stat) == 0;
    writer->waits = !known || !(S_ISREG(stat.st_mode) || S_ISBLK(stat.st_mode));
    writer->is_socket = known && S_ISSOCK(stat.st_mode);
    writer->is_terminal = known && S_ISCHR(stat.st_mode) && isatty(writer->fd);
    writer->piece_bytes = writer->is_terminal ? TERMINAL_PIECE_BYTES
                          : writer->is_socket ? SOCKET_PIECE_BYTES
                                              : PIPE_PIECE_BYTES;
}

enum status writer_open(struct writer *writer, int fd, const char *name, const struct writer_interrupt *interrupt)
{
    if (prepare(writer, name, WRITER_BUFFER_BYTES + LINE_SLACK_BYTES, interrupt) == STATUS_OK) {
        writer->fd = fd;
        look_at(writer);
    }
    return writer->status;
}

static bool is_fifo(const char *path)
{
    struct stat stat_of_path;
    return stat(path, &stat_of_path) == 0 && S_ISFIFO(stat_of_path.st_mode);
}

enum status writer_open_path(struct writer *writer, const char *path, const struct writer_interrupt *interrupt)
{
    if (prepare(writer, path, WRITER_BUFFER_BYTES + LINE_SLACK_BYTES, interrupt) != STATUS_OK)
        return writer->status;
    /* The description is ours alone: here O_NONBLOCK harms nobody, and a FIFO without a reader does
     * not hold us. */
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    while ((writer->fd = open(path, flags, 0666)) < 0) {
        if (errno != EINTR && !(errno == ENXIO && is_fifo(path)))
            return fail(writer, STATUS_SYSTEM, "open", errno);
        if (wait_for_room(writer, -1, FIFO_PAUSE_MS) != STATUS_OK)
            return writer->status;
    }
    writer->owns_fd = true;
    look_at(writer);
    return STATUS_OK;
}

enum status writer_open_memory(struct writer *writer)
{
    return prepare(writer, "memory", MEMORY_BUFFER_BYTES, NULL);
}

enum status writer_close(struct writer *writer)
{
    if (writer->buffer != NULL)
        writer_flush(writer);
    if (writer->owns_fd && close(writer->fd) != 0 && errno != EINTR)
        fail(writer, STATUS_SYSTEM, "close", errno);
    writer->owns_fd = false;
    writer->fd = -1;
    free(writer->buffer);
    writer->buffer = NULL;
    writer->size = writer->used = writer->whole = 0;
    return writer->status;
}
