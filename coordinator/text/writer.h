/* writer.h: buffered lines on a descriptor that may be slow, stopped, full or closed.
 *
 * DESIGN. Bytes gather in a buffer; they go out in writer_end_line(), once 64 KiB are there, and in
 * writer_flush(). So only whole lines leave, and a line longer than the buffer makes the buffer
 * grow. A regular file is written to directly. Before each write to anything else the writer polls
 * the descriptor, and then writes no more than the other side can take without blocking (PIPE_BUF
 * for a pipe): a reader that has stopped can be waited for together with the caller's signals.
 * O_NONBLOCK is never set on a descriptor that we were given, since its description is shared with
 * other processes; one that has it already is no problem.
 *
 * While the wait lasts, a readable interrupt->fd has the writer ask interrupt->give_up(). The
 * answer no lets it wait on, deaf to that descriptor for WRITER_DEAF_MS, so that a callback that
 * leaves it readable costs ten calls a second and no busy loop. Past interrupt->deadline_ns, which
 * the callback or anyone else may move at any time between waits, the writer gives up unasked.
 *
 * The first error stays: whatever is put later is dropped, and every later call answers with the
 * same status. SIGPIPE must be ignored by the program; EPIPE is an error like the others. */
#ifndef SHOAL_WRITER_H
#define SHOAL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/status.h"

#define WRITER_BUFFER_BYTES ((size_t)64 << 10)
#define WRITER_DEAF_MS 100

/* How a write that waits can be ended; one for all writers of a run. Owned by the caller, must
 * outlive the writers. */
struct writer_interrupt {
    int fd;                         /* readable: give_up is asked; -1: none */
    bool (*give_up)(void *context); /* true: abandon the write. Should consume what made fd
                                       readable. NULL: true */
    void *context;
    int64_t deadline_ns; /* from then on a write that would wait is abandoned; DEADLINE_NEVER: no
                            such time */
};

/* Opened by one of the writer_open functions, closed by writer_close(). Its fields are the writer's
 * own, but that status may be read: STATUS_OK until the first error. */
struct writer {
    int fd; /* -1: in memory */
    bool owns_fd;
    bool waits; /* no regular file: poll first */
    bool is_socket;
    bool is_terminal;
    size_t piece_bytes; /* at most so much in one write, where waits */
    const struct writer_interrupt *interrupt;
    void (*before_write)(void *context); /* called before bytes leave for a terminal; NULL: none */
    void *before_write_context;
    char *buffer;
    size_t used;  /* bytes in the buffer */
    size_t whole; /* of these, bytes that belong to whole lines */
    size_t size;  /* of the buffer */
    enum status status;
    int error;      /* errno of the first error, 0 where there is none */
    char name[256]; /* as messages call it: "standard output", or the path */
    char why[512];  /* after an error: "cannot write to standard output: Broken pipe"; to be escaped when shown */
};

/* Writes to fd, which stays the caller's. name: "standard output"; copied. interrupt: NULL for
 * none. OK or OUT_OF_MEMORY; in both cases writer_close() may follow. */
enum status writer_open(struct writer *writer, int fd, const char *name, const struct writer_interrupt *interrupt);

/* Creates or truncates the file at path. A FIFO without a reader is waited for, interruptibly. OK,
 * SYSTEM (writer->why says it), INTERRUPTED, OUT_OF_MEMORY. */
enum status writer_open_path(struct writer *writer, const char *path, const struct writer_interrupt *interrupt);

/* Gathers in memory and never writes: the text is writer_text(). */
enum status writer_open_memory(struct writer *writer);

/* Appends bytes to the current line. Never blocks. */
void writer_put_slowly(struct writer *writer, const void *bytes, size_t count);
static inline void writer_put(struct writer *writer, const void *bytes, size_t count)
{
    if (writer->status != STATUS_OK || count > writer->size - writer->used) {
        writer_put_slowly(writer, bytes, count);
        return;
    }
    memcpy(writer->buffer + writer->used, bytes, count);
    writer->used += count;
}
void writer_put_string(struct writer *writer, const char *string);
void writer_put_u64(struct writer *writer, uint64_t value);

/* Room for count more bytes at the end of the buffer; NULL when the writer has failed.
 * writer_advance() then says how many of them were filled in. Never blocks. */
char *writer_room(struct writer *writer, size_t count);
void writer_advance(struct writer *writer, size_t count);

/* Ends the line with '\n'. May write, and then blocks as long as the other side takes nothing: OK,
 * SYSTEM or INTERRUPTED, with writer->why filled. */
enum status writer_end_line(struct writer *writer);

/* Writes what is there, an unfinished line excepted. Blocks and answers like writer_end_line(). */
enum status writer_flush(struct writer *writer);

/* In memory: what was put, NUL at the end; valid until the next call. "" when the writer has
 * failed. */
const char *writer_text(struct writer *writer, size_t *bytes);
/* In memory: begins anew, an earlier failure included. */
void writer_reset(struct writer *writer);

/* Flushes, closes a descriptor that is its own, and gives the buffer back. The status of what could
 * not be written, writer->why with it; both can be read afterwards. Accepts a writer that did not
 * open, and a second call. */
enum status writer_close(struct writer *writer);

#endif
