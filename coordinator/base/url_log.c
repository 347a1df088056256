/*     file:  8 bytes of nothing | u16 bytes, text | u16 bytes, text | ...      a text's number is where it begins
 *
 * The end of the file is still in the buffer. */
#include "coordinator/base/url_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/base/temporary_file.h"

#define BUFFER_BYTES (64u << 10)
#define FIRST 8u
#define NUMBER_MAX ((1ull << 48) - 1)

struct url_log {
    int fd; /* -1: not made yet */
    uint64_t written;
    size_t used;
    unsigned char buffer[BUFFER_BYTES]; /* what comes at `written` */
    unsigned char read[sizeof(uint16_t) + URL_LOG_BYTES_MAX + 1];
    char why[256];
};

struct url_log *url_log_open(void)
{
    struct url_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->fd = -1;
    log->used = FIRST;
    return log;
}

void url_log_close(struct url_log *log)
{
    if (log != NULL && log->fd >= 0)
        close(log->fd);
    free(log);
}

const char *url_log_why(const struct url_log *log)
{
    return log->why;
}

static bool write_out(struct url_log *log)
{
    if (log->fd < 0)
        log->fd = scratch_file_open(log->why, sizeof log->why);
    if (log->fd < 0)
        return false;
    for (size_t done = 0; done < log->used;) {
        ssize_t bytes = pwrite(log->fd, log->buffer + done, log->used - done, (off_t)(log->written + done));
        if (bytes < 0 && errno == EINTR)
            continue;
        if (bytes <= 0) {
            snprintf(log->why, sizeof log->why, "cannot write a temporary file: pwrite: %s", strerror(errno));
            return false;
        }
        done += (size_t)bytes;
    }
    log->written += log->used;
    log->used = 0;
    return true;
}

uint64_t url_log_add(struct url_log *log, const void *text, size_t bytes)
{
    if (bytes > URL_LOG_BYTES_MAX || log->why[0] != '\0')
        return URL_LOG_NONE;
    uint16_t head = (uint16_t)bytes;
    if (log->used + sizeof head + bytes > BUFFER_BYTES && !write_out(log))
        return URL_LOG_NONE;
    uint64_t number = log->written + log->used;
    if (number > NUMBER_MAX)
        return URL_LOG_NONE;
    memcpy(log->buffer + log->used, &head, sizeof head);
    memcpy(log->buffer + log->used + sizeof head, text, bytes);
    log->used += sizeof head + bytes;
    return number;
}

/* What lies at a place, up to `bytes`; how much there is. */
static size_t read_at(struct url_log *log, uint64_t at, size_t bytes)
{
    if (at >= log->written) {
        uint64_t offset = at - log->written;
        size_t there = offset < log->used ? log->used - (size_t)offset : 0;
        size_t taken = there < bytes ? there : bytes;
        memcpy(log->read, log->buffer + (taken > 0 ? offset : 0), taken);
        return taken;
    }
    uint64_t there = log->written - at;
    ssize_t got = log->fd < 0 ? -1 : pread(log->fd, log->read, there < bytes ? (size_t)there : bytes, (off_t)at);
    return got > 0 ? (size_t)got : 0;
}

bool url_log_get(struct url_log *log, uint64_t number, const char **text, size_t *bytes)
{
    uint16_t head;
    *text = "";
    *bytes = 0;
    if (number < FIRST)
        return false;
    size_t got = read_at(log, number, sizeof log->read - 1);
    if (got < sizeof head)
        return false;
    memcpy(&head, log->read, sizeof head);
    if (head > URL_LOG_BYTES_MAX || got < sizeof head + head)
        return false;
    log->read[sizeof head + head] = '\0';
    *text = (const char *)log->read + sizeof head;
    *bytes = head;
    return true;
}

bool url_log_next(struct url_log *log, uint64_t *number, const char **text, size_t *bytes)
{
    if (*number != URL_LOG_NONE) {
        if (!url_log_get(log, *number, text, bytes))
            return false;
        *number += sizeof(uint16_t) + *bytes;
    } else {
        *number = FIRST;
    }
    return url_log_get(log, *number, text, bytes);
}
