/* list.h: the URLs that every run fetches: the same list each time, wherever it came from. */
#ifndef SHOAL_COMPARE_LIST_H
#define SHOAL_COMPARE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/run/signals.h"

/* Either a path for --input, or arguments. */
struct list {
    uint64_t url_count;
    const char *path;        /* NULL: the arguments */
    const char *const *urls; /* url_count of them; borrowed */
    int fd;                  /* what path refers to, to be inherited by the runs; -1 */
    char fd_path[32];        /* "/proc/self/fd/7" */
};

/* Counts the URLs of a file, at most `first` of them (0: all). A file that can be read again and again is used as it is;
 * standard input, a pipe, or the beginning of a list is copied to a temporary file without a name. Blocks while input
 * arrives; a signal ends that. OK; INVALID_ARGUMENT, with why filled: it cannot be read; INTERRUPTED; SYSTEM, with why
 * filled: it cannot be copied. */
enum status list_open_file(struct list *list, const char *path, uint64_t first, struct signals *signals, char *why,
                           size_t why_bytes);
void list_open_arguments(struct list *list, const char *const *urls, size_t count, uint64_t first);

/* Copies URL number index (0, 1, ...), ended by NUL; STATUS_END if there is none, or it does not fit. */
enum status list_url_at(const struct list *list, uint64_t index, char *url, size_t url_bytes);

void list_close(struct list *list);

#endif
