/* input.h: the list of URLs, read line by line as it is needed, from the arguments, a file or
 * standard input. Memory does not grow with the list, nor with its longest line. */
#ifndef SHOAL_INPUT_H
#define SHOAL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

/* A line longer than URL_BYTES_MAX is shown by this much of it, and "…" behind. */
#define INPUT_CUT_BYTES 128

struct input;

/* One line that is neither blank nor a comment, without the blanks around it. The text is ended by
 * NUL (and may hold NUL: then it is no URL) and valid until the next input_next(). */
struct input_line {
    const char *text;
    size_t bytes;
    uint64_t number; /* 1, 2, ..., blank lines and comments counted; 0: an argument */
    bool too_long;   /* over URL_BYTES_MAX: text is its beginning, cut */
};

/* The URLs of the command line, borrowed until input_close(). NULL when memory is short. Arguments
 * are taken as they are: nothing is trimmed or skipped. */
struct input *input_open_arguments(const char *const *urls, size_t count);

/* A file, or standard input for "-"; path is borrowed until input_close(). On failure NULL, and why
 * holds one line: it does not exist, may not be read, is a directory. Never blocks, not even for a
 * FIFO that nobody writes to. */
struct input *input_open_file(const char *path, char *why, size_t why_bytes);

/* The next line. WOULD_BLOCK: nothing has arrived, wait for input_fd(); END; SYSTEM: reading
 * failed, input_why() says which file and why; the lines read before were complete, and every
 * further call gives the same. Never blocks but for a regular file's disk. */
enum status input_next(struct input *input, struct input_line *line);

/* What to poll for reading after WOULD_BLOCK; -1 for arguments and regular files, which never would
 * block and have an end. Owned by the input. */
int input_fd(const struct input *input);

/* One line about the read error; "" if there was none. Owned by the input. */
const char *input_why(const struct input *input);

void input_close(struct input *input); /* accepts NULL */

#endif
