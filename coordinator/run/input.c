/* DESIGN. Lines are cut out of a buffer of 64 KiB where they lie. A line that does not end within
 * the buffer cannot be a URL: its beginning is kept, the rest is read over. Descriptors that may
 * block are asked with poll() before each read; O_NONBLOCK is no choice for standard input, since
 * its description is shared with whoever else has it open. */
#include "coordinator/run/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"

#define BUFFER_BYTES 65536
#define ELLIPSIS "\xe2\x80\xa6"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

_Static_assert(BUFFER_BYTES > 2 * URL_BYTES_MAX, "a line that fills the buffer is too long for a URL");

struct input {
    const char *const *urls; /* arguments */
    size_t url_count;
    size_t url_next;

    int fd; /* -1: arguments */
    bool owns_fd;
    bool may_block;
    bool at_end;
    bool failed;
    bool skipping;     /* within a line that is longer than the buffer */
    uint64_t number;   /* of the last line begun */
    size_t start, end; /* what is read and not yet given out: buffer[start .. end) */
    size_t scanned;    /* no newline before this */
    const char *name;
    char why[512];
    char cut[INPUT_CUT_BYTES + sizeof ELLIPSIS];
    size_t cut_bytes;
    char buffer[BUFFER_BYTES + 1]; /* one more for the NUL of a last line without newline */
};

static struct input *input_new(void)
{
    /* Not calloc: the buffer need not be touched before it is used. */
    struct input *input = malloc(sizeof *input);
    if (input != NULL) {
        memset(input, 0, offsetof(struct input, buffer));
        input->fd = -1;
    }
    return input;
}

struct input *input_open_arguments(const char *const *urls, size_t count)
{
    struct input *input = input_new();
    if (input != NULL) {
        input->urls = urls;
        input->url_count = count;
    }
    return input;
}

/* Whether the descriptor can be read, and how: 0, or an errno. */
static int look_at(struct input *input)
{
    struct stat status;
    if (input->fd < 0 || fstat(input->fd, &status) != 0) {
        return errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return EISDIR;
    }
    input->may_block = !S_ISREG(status.st_mode);
    return (fcntl(input->fd, F_GETFL) & O_ACCMODE) == O_WRONLY ? EBADF : 0;
}

struct input *input_open_file(const char *path, char *why, size_t why_bytes)
{
    struct input *input = input_new();
    if (input == NULL) {
        snprintf(why, why_bytes, "cannot read %s: %s", path, strerror(ENOMEM));
        return NULL;
    }
    bool is_stdin = strcmp(path, "-") == 0;
    input->name = is_stdin ? "standard input" : path;
    /* O_NONBLOCK: opening a FIFO would wait for its writer. */
    input->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    input->owns_fd = !is_stdin;
    int error = look_at(input);
    if (error != 0) {
        snprintf(why, why_bytes, "cannot read %s: %s", input->name, strerror(error));
        input_close(input);
        return NULL;
    }
    return input;
}

void input_close(struct input *input)
{
    if (input != NULL) {
        if (input->owns_fd && input->fd >= 0) {
            close(input->fd);
        }
        free(input);
    }
}

int input_fd(const struct input *input)
{
    return input->may_block ? input->fd : -1;
}

const char *input_why(const struct input *input)
{
    return input->why;
}

static enum status fail(struct input *input)
{
    input->failed = true;
    snprintf(input->why, sizeof input->why, "cannot read %s: %s", input->name, strerror(errno));
    return STATUS_SYSTEM;
}

/* Reads more behind what is there. There must be room. */
static enum status fill(struct input *input)
{
    for (;;) {
        if (input->may_block) {
            struct pollfd poll_fd = {.fd = input->fd, .events = POLLIN};
            int ready = poll(&poll_fd, 1, 0);
            if (ready == 0) {
                return STATUS_WOULD_BLOCK;
            }
            if (ready < 0 && errno != EINTR) {
                return fail(input);
            }
            if (ready < 0) {
                continue;
            }
        }
        ssize_t got = read(input->fd, input->buffer + input->end, BUFFER_BYTES - input->end);
        if (got > 0) {
            input->end += (size_t)got;
            return STATUS_OK;
        }
        if (got == 0) {
            input->at_end = true;
            return STATUS_OK;
        }
        if (errno == EAGAIN) {
            return STATUS_WOULD_BLOCK;
        }
        if (errno != EINTR) {
            return fail(input);
        }
    }
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\v' || byte == '\f';
}

/* Takes the blanks off both ends of text[0 .. *bytes), and an editor's mark off the first line. */
static char *trim(const struct input *input, char *text, size_t *bytes)
{
    size_t mark = sizeof BYTE_ORDER_MARK - 1;
    if (input->number == 1 && *bytes >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0) {
        text += mark;
        *bytes -= mark;
    }
    while (*bytes > 0 && is_blank(*text)) {
        text++;
        --*bytes;
    }
    while (*bytes > 0 && is_blank(text[*bytes - 1])) {
        --*bytes;
    }
    return text;
}

/* Keeps the beginning of a line that is too long, up to the last whole character of UTF-8. */
static void keep_beginning(struct input *input, const char *text, size_t bytes)
{
    size_t keep = bytes < INPUT_CUT_BYTES ? bytes : INPUT_CUT_BYTES;
    while (keep > INPUT_CUT_BYTES - 4 && keep < bytes && ((unsigned char)text[keep] & 0xc0) == 0x80) {
        keep--;
    }
    memcpy(input->cut, text, keep);
    memcpy(input->cut + keep, ELLIPSIS, sizeof ELLIPSIS);
    input->cut_bytes = keep + sizeof ELLIPSIS - 1;
}

static void give_cut(struct input *input, struct input_line *line)
{
    *line = (struct input_line){input->cut, input->cut_bytes, input->number, true};
}

/* Gives out buffer[start .. stop); false for a blank line or a comment. */
static bool give_line(struct input *input, size_t stop, struct input_line *line)
{
    size_t bytes = stop - input->start;
    char *text = trim(input, input->buffer + input->start, &bytes);
    if (bytes == 0 || *text == '#') {
        return false;
    }
    if (bytes > URL_BYTES_MAX) {
        keep_beginning(input, text, bytes);
        give_cut(input, line);
        return true;
    }
    text[bytes] = '\0'; /* the newline's place, or that of a blank behind the text */
    *line = (struct input_line){text, bytes, input->number, false};
    return true;
}

/* The buffer is full and holds no newline: keeps the line's beginning and makes room. */
static void begin_skipping(struct input *input)
{
    if (!input->skipping) {
        input->skipping = true;
        input->number++;
        size_t bytes = input->end - input->start;
        char *text = trim(input, input->buffer + input->start, &bytes);
        keep_beginning(input, text, bytes);
    }
    input->start = input->end = input->scanned = 0;
}

/* The line whose newline, or the end of the input, is at stop. False: there is nothing to give. */
static bool end_line(struct input *input, size_t stop, struct input_line *line)
{
    bool given;
    if (input->skipping) {
        input->skipping = false;
        given = input->cut[0] != '#';
        give_cut(input, line);
    } else {
        input->number++;
        given = give_line(input, stop, line);
    }
    input->start = input->scanned = stop < input->end ? stop + 1 : stop;
    return given;
}

static enum status make_room_and_fill(struct input *input)
{
    if (input->start > 0) {
        memmove(input->buffer, input->buffer + input->start, input->end - input->start);
        input->end -= input->start;
        input->scanned -= input->start;
        input->start = 0;
    }
    if (input->end == BUFFER_BYTES) {
        begin_skipping(input);
    }
    return fill(input);
}

static enum status next_of_file(struct input *input, struct input_line *line)
{
    for (;;) {
        char *newline = memchr(input->buffer + input->scanned, '\n', input->end - input->scanned);
        if (newline != NULL) {
            if (end_line(input, (size_t)(newline - input->buffer), line)) {
                return STATUS_OK;
            }
            continue;
        }
        input->scanned = input->end;
        if (input->at_end) {
            bool rest = input->skipping || input->start < input->end;
            return rest && end_line(input, input->end, line) ? STATUS_OK : STATUS_END;
        }
        enum status status = input->failed ? STATUS_SYSTEM : make_room_and_fill(input);
        if (status != STATUS_OK) {
            return status;
        }
    }
}

static enum status next_argument(struct input *input, struct input_line *line)
{
    if (input->url_next == input->url_count) {
        return STATUS_END;
    }
    const char *text = input->urls[input->url_next++];
    size_t bytes = strlen(text);
    if (bytes > URL_BYTES_MAX) {
        keep_beginning(input, text, bytes);
        give_cut(input, line);
    } else {
        *line = (struct input_line){text, bytes, 0, false};
    }
    return STATUS_OK;
}

enum status input_next(struct input *input, struct input_line *line)
{
    return input->fd < 0 ? next_argument(input, line) : next_of_file(input, line);
}
