/* The reader of the list, coordinator/run/input.c, from a file and from a pipe that is filled piece by piece, against
 * a reading of the same bytes by hand. Byte 0 is the size of the pieces. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/limits.h"
#include "coordinator/run/input.h"
#include "tests/fuzz/fuzz.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define PIPE_BYTES 4096 /* never more in it at a time */

/* Where the reading by hand stands. */
struct expected {
    const char *at;
    const char *end;
    uint64_t number;
};

static bool is_blank(char byte)
{
    return byte && strchr(" \t\r\v\f", byte);
}

/* The next line that is neither blank nor a comment, without the blanks around it. */
static bool next_by_hand(struct expected *expected, const char **text, size_t *bytes)
{
    while (expected->at < expected->end) {
        const char *from = expected->at;
        const char *newline = memchr(from, '\n', (size_t)(expected->end - from));
        const char *to = newline ? newline : expected->end;
        expected->at = newline ? newline + 1 : expected->end;
        if (++expected->number == 1 && to - from >= 3 && memcmp(from, "\xef\xbb\xbf", 3) == 0)
            from += 3;
        while (from < to && is_blank(*from))
            from++;
        while (to > from && is_blank(to[-1]))
            to--;
        if (from < to && *from != '#') {
            *text = from;
            *bytes = (size_t)(to - from);
            return true;
        }
    }
    return false;
}

static void expect_line(struct expected *expected, const struct input_line *line)
{
    const char *text;
    size_t bytes;
    fuzz_expect(next_by_hand(expected, &text, &bytes));
    fuzz_expect(line->number == expected->number);
    fuzz_expect(line->text[line->bytes] == '\0');
    fuzz_expect(line->too_long == (bytes > URL_BYTES_MAX));
    if (!line->too_long) {
        fuzz_expect(line->bytes == bytes && memcmp(line->text, text, bytes) == 0);
        return;
    }
    size_t mark = strlen(ELLIPSIS);
    fuzz_expect(line->bytes > mark && line->bytes <= INPUT_CUT_BYTES + mark);
    fuzz_expect(memcmp(line->text + line->bytes - mark, ELLIPSIS, mark) == 0);
    fuzz_expect(memcmp(line->text, text, line->bytes - mark) == 0);
}

static struct input *open_fd(int fd)
{
    static char path[64]; /* the reader borrows it */
    char why[256];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct input *input = input_open_file(path, why, sizeof why);
    fuzz_expect(input != NULL);
    return input;
}

static void expect_end(struct input *input, struct expected *expected)
{
    struct input_line line;
    const char *text;
    size_t bytes;
    fuzz_expect(!next_by_hand(expected, &text, &bytes));
    fuzz_expect(input_next(input, &line) == STATUS_END);
    fuzz_expect(input_why(input)[0] == '\0');
}

static void read_file(const char *text, size_t bytes)
{
    struct expected expected = {text, text + bytes, 0};
    struct input_line line;
    int fd = memfd_create("list", MFD_CLOEXEC);
    fuzz_expect(fd >= 0 && write(fd, text, bytes) == (ssize_t)bytes);
    struct input *input = open_fd(fd);
    fuzz_expect(input_fd(input) == -1);
    while (input_next(input, &line) == STATUS_OK)
        expect_line(&expected, &line);
    expect_end(input, &expected);
    input_close(input);
    close(fd);
}

static void read_pipe(const char *text, size_t bytes, size_t piece)
{
    struct expected expected = {text, text + bytes, 0};
    struct input_line line;
    enum status status = STATUS_WOULD_BLOCK;
    int ends[2];
    fuzz_expect(pipe2(ends, O_CLOEXEC) == 0);
    struct input *input = open_fd(ends[0]);
    fuzz_expect(input_fd(input) >= 0);
    for (size_t sent = 0; status != STATUS_END;) {
        size_t next = bytes - sent < piece ? bytes - sent : piece;
        if (next > 0)
            fuzz_expect(write(ends[1], text + sent, next) == (ssize_t)next);
        else
            close(ends[1]);
        sent += next;
        while ((status = input_next(input, &line)) == STATUS_OK)
            expect_line(&expected, &line);
        fuzz_expect(status == (next > 0 ? STATUS_WOULD_BLOCK : STATUS_END));
    }
    expect_end(input, &expected);
    input_close(input);
    close(ends[0]);
}

static void read_argument(const char *text)
{
    const char *const urls[] = {text};
    struct input_line line;
    struct input *input = input_open_arguments(urls, 1);
    fuzz_expect(input != NULL && input_next(input, &line) == STATUS_OK);
    fuzz_expect(line.number == 0 && line.too_long == (strlen(text) > URL_BYTES_MAX));
    fuzz_expect(line.text[line.bytes] == '\0' && (line.too_long || line.text == text));
    fuzz_expect(input_next(input, &line) == STATUS_END);
    input_close(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes bytes = {data, size};
    size_t piece = (size_t)fuzz_u8(&bytes) * 16 + 1;
    char *text = fuzz_text(bytes.at, bytes.left);
    read_file(text, bytes.left);
    read_pipe(text, bytes.left, piece < PIPE_BYTES ? piece : PIPE_BYTES);
    read_argument(text);
    /* The same, far into the reader's buffer: behind a comment that nearly fills it, or more than fills it. */
    size_t before = 65536 - 512 + (size_t)(data && size ? data[0] : 0) * 4;
    char *late = malloc(before + bytes.left + 1);
    fuzz_expect(late != NULL);
    memset(late, '#', before);
    memcpy(late + before, text, bytes.left + 1);
    if (data && size && data[0] & 1)
        late[before - 1] = '\n';
    read_file(late, before + bytes.left);
    free(late);
    free(text);
    return 0;
}
