/* list.c: the URLs that every run fetches. */
#include "coordinator/compare/list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "coordinator/run/input.h"
#include "coordinator/text/writer.h"

#define LINES_A_LOOK 4096 /* read between two looks for signals */

void list_open_arguments(struct list *list, const char *const *urls, size_t count, uint64_t first)
{
    *list = (struct list){.fd = -1, .urls = urls, .url_count = first > 0 && first < count ? first : count};
}

/* Not what is standard input under another name, as /dev/stdin: the runs have another one. */
static bool can_be_read_again(const char *path)
{
    struct stat at, in;
    if (strcmp(path, "-") == 0 || stat(path, &at) != 0 || !S_ISREG(at.st_mode))
        return false;
    return fstat(STDIN_FILENO, &in) != 0 || in.st_dev != at.st_dev || in.st_ino != at.st_ino;
}

/* A file without a name, which ends with the last process that has it open. */
static int open_temporary(void)
{
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || directory[0] == '\0')
        directory = "/tmp";
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    char path[4096];
    int bytes = snprintf(path, sizeof path, "%s/shoal-XXXXXX", directory);
    if (bytes < 0 || (size_t)bytes >= sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

/* Waits for more input, or for a signal. */
static enum status await_input(int fd, struct signals *signals)
{
    struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = signals->fd, .events = POLLIN}};
    poll(polled, 2, -1);
    if (polled[1].revents != 0 && signals_take(signals) > 0)
        return STATUS_INTERRUPTED;
    return STATUS_OK;
}

/* Of a line that is too long there is only the beginning: the copy's is too long too, and no other URL. */
static enum status copy_line(struct writer *copy, const struct input_line *line)
{
    writer_put(copy, line->text, line->bytes);
    for (size_t i = 0; line->too_long && i < URL_BYTES_MAX; i++)
        writer_put(copy, "x", 1);
    return writer_end_line(copy);
}

/* Reads up to `first` lines; each goes to copy, if there is one. Input that is always there must not be deaf to signals. */
static enum status read_lines(struct list *list, struct input *input, uint64_t first, struct signals *signals,
                              struct writer *copy)
{
    struct input_line line;
    while (first == 0 || list->url_count < first) {
        if (list->url_count % LINES_A_LOOK == 0 && signals_take(signals) > 0)
            return STATUS_INTERRUPTED;
        enum status status = input_next(input, &line);
        if (status == STATUS_WOULD_BLOCK) {
            status = await_input(input_fd(input), signals);
            if (status != STATUS_OK)
                return status;
            continue;
        }
        if (status != STATUS_OK)
            return status == STATUS_END ? STATUS_OK : STATUS_INVALID_ARGUMENT;
        list->url_count++;
        if (copy != NULL && copy_line(copy, &line) != STATUS_OK)
            return STATUS_SYSTEM;
    }
    return STATUS_OK;
}

static enum status copy_lines(struct list *list, struct input *input, uint64_t first, struct signals *signals,
                              char *why, size_t why_bytes)
{
    struct writer copy;
    list->fd = open_temporary();
    if (list->fd < 0) {
        snprintf(why, why_bytes, "cannot make a temporary file for the list: %s (TMPDIR)", strerror(errno));
        return STATUS_SYSTEM;
    }
    snprintf(list->fd_path, sizeof list->fd_path, "/proc/self/fd/%d", list->fd);
    list->path = list->fd_path;
    enum status status = writer_open(&copy, list->fd, "a temporary file for the list", NULL);
    if (status == STATUS_OK)
        status = read_lines(list, input, first, signals, &copy);
    if (writer_close(&copy) != STATUS_OK && status != STATUS_INTERRUPTED) {
        snprintf(why, why_bytes, "%s", copy.why);
        return STATUS_SYSTEM;
    }
    return status;
}

enum status list_open_file(struct list *list, const char *path, uint64_t first, struct signals *signals, char *why,
                           size_t why_bytes)
{
    *list = (struct list){.fd = -1, .path = path};
    struct input *input = input_open_file(path, why, why_bytes);
    if (input == NULL)
        return STATUS_INVALID_ARGUMENT;
    enum status status = first == 0 && can_be_read_again(path)
                             ? read_lines(list, input, 0, signals, NULL)
                             : copy_lines(list, input, first, signals, why, why_bytes);
    if (status == STATUS_INVALID_ARGUMENT)
        snprintf(why, why_bytes, "%s", input_why(input));
    input_close(input);
    return status;
}

enum status list_url_at(const struct list *list, uint64_t index, char *url, size_t url_bytes)
{
    char why[256];
    struct input *input = list->path != NULL ? input_open_file(list->path, why, sizeof why)
                                             : input_open_arguments(list->urls, list->url_count);
    struct input_line line = {0};
    enum status status = input != NULL ? STATUS_OK : STATUS_END;
    for (uint64_t i = 0; status == STATUS_OK && i <= index; i++)
        status = input_next(input, &line);
    if (status == STATUS_OK && !line.too_long && line.bytes < url_bytes)
        memcpy(url, line.text, line.bytes + 1);
    else
        status = STATUS_END;
    input_close(input);
    return status;
}

void list_close(struct list *list)
{
    if (list->fd >= 0)
        close(list->fd);
    list->fd = -1;
}
