/* Runs in: coordinator
 *
 * DESIGN. The names come from save_name.h. Each component is opened below the one before with
 * O_NOFOLLOW, so a symbolic link that someone planted below the directory is never followed: it
 * counts as a file that stands in the way, and a name with a hash is taken instead. A body is
 * written under a temporary name in the directory where it belongs, and then renamed over what was
 * there: under its final name a file is whole, or not there. A failure removes the temporary file
 * and ends the run, since the next body would most likely fail too.
 *
 * Bodies of one directory often follow each other: it stays open until another is needed. */
#include "coordinator/sinks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/check.h"
#include "common/fault.h"
#include "common/url.h"
#include "coordinator/escape.h"
#include "coordinator/save_name.h"

#define TEMPORARY_TRIES 100
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct sink_files {
    struct sink sink;
    struct url_parser *parser;
    const char *directory; /* as the user gave it, escaped, for messages */
    int root_fd;
    size_t component_max;
    int last_fd;           /* the directory that was used last; -1: none */
    struct save_name last; /* its name: all components but the last */
    uint64_t temporary_number;
};

/* ---- failures ---- */

static enum status fail_on(struct sink_files *files, const char *call, const struct save_name *name, size_t components)
{
    int error = errno;
    char path[256];
    size_t used = 0;
    path[0] = '\0';
    for (size_t i = 0; name != NULL && i < components && used < sizeof path; i++) {
        /* The components are printable ASCII: see save_name.h. */
        int bytes = snprintf(path + used, sizeof path - used, "/%s", save_name_component(name, i));
        used += bytes > 0 ? (size_t)bytes : 0;
    }
    snprintf(files->sink.why, sizeof files->sink.why, "cannot save a body: %s %.200s%s: %s", call, files->directory,
             path, strerror(error));
    errno = error;
    return STATUS_SYSTEM;
}

/* ---- directories ---- */

/* Opens the directory component below parent_fd, and makes it if it is not there. -1: errno. */
static int open_below(int parent_fd, const char *component)
{
    for (int tries = 0; tries < 2; tries++) {
        int fd = openat(parent_fd, component, OPEN_DIRECTORY);
        if (fd >= 0 || errno != ENOENT)
            return fd;
        if (mkdirat(parent_fd, component, 0777) != 0 && errno != EEXIST)
            return -1;
    }
    return openat(parent_fd, component, OPEN_DIRECTORY);
}

static bool same_directory(const struct save_name *left, const struct save_name *right)
{
    if (left->component_count != right->component_count)
        return false;
    size_t last = left->component_count - 1;
    return left->offset[last] == right->offset[last] && memcmp(left->bytes, right->bytes, left->offset[last]) == 0;
}

static void forget_last(struct sink_files *files)
{
    if (files->last_fd >= 0)
        close(files->last_fd);
    files->last_fd = -1;
}

/* Leaves the directory that name belongs to in files->last_fd. */
static enum status enter_directory(struct sink_files *files, const struct save_name *name)
{
    if (files->last_fd >= 0 && same_directory(&files->last, name))
        return STATUS_OK;
    forget_last(files);
    int fd = fcntl(files->root_fd, F_DUPFD_CLOEXEC, 0);
    for (size_t i = 0; fd >= 0 && i + 1 < name->component_count; i++) {
        int parent_fd = fd;
        fd = open_below(parent_fd, save_name_component(name, i));
        if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
            char other[SAVE_COMPONENT_BYTES_MAX + 1];
            save_name_alternative(name, i, true, other);
            fd = open_below(parent_fd, other);
        }
        if (fd < 0)
            fail_on(files, "mkdirat or openat", name, i + 1);
        close(parent_fd);
        if (fd < 0)
            return STATUS_SYSTEM;
    }
    if (fd < 0)
        return fail_on(files, "fcntl", NULL, 0);
    files->last_fd = fd;
    files->last = *name;
    return STATUS_OK;
}

/* ---- files ---- */

static bool write_all(int fd, const unsigned char *bytes, uint64_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count < (1u << 30) ? (size_t)count : 1u << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        count -= (uint64_t)written;
    }
    return true;
}

/* Creates a new file of a name that no other has; -1: errno. */
static int create_temporary(struct sink_files *files, char *name, size_t name_bytes)
{
    for (int tries = 0; tries < TEMPORARY_TRIES; tries++) {
        snprintf(name, name_bytes, ".shoal-%ld-%llu.part", (long)getpid(),
                 (unsigned long long)files->temporary_number++);
        int fd = openat(files->last_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Gives the temporary file its name, or the other name where a directory is in the way. */
static bool rename_into_place(struct sink_files *files, const char *temporary, const struct save_name *name)
{
    size_t last = name->component_count - 1;
    const char *final = save_name_component(name, last);
    if (renameat(files->last_fd, temporary, files->last_fd, final) == 0)
        return true;
    if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST)
        return false;
    char other[SAVE_COMPONENT_BYTES_MAX + 1];
    save_name_alternative(name, last, false, other);
    return renameat(files->last_fd, temporary, files->last_fd, other) == 0;
}

static enum status save_in_directory(struct sink_files *files, const struct save_name *name,
                                     const struct fetch_result *result)
{
    char temporary[64];
    const char *failed = NULL;
    int fd = create_temporary(files, temporary, sizeof temporary);
    if (fd < 0)
        return fail_on(files, "openat", name, name->component_count);
    /* if we die here: a .shoal-*.part stays; nothing of the final name was touched. */
    if (!write_all(fd, result->body, result->body_bytes))
        failed = "write";
    int write_error = errno;
    FAULT_POINT("save.after_write");
    if (close(fd) != 0 && errno != EINTR && failed == NULL) {
        failed = "close";
        write_error = errno;
    }
    FAULT_POINT("save.before_rename");
    if (failed == NULL && !rename_into_place(files, temporary, name)) {
        failed = "renameat";
        write_error = errno;
    }
    if (failed == NULL)
        return STATUS_OK;
    unlinkat(files->last_fd, temporary, 0);
    errno = write_error;
    return fail_on(files, failed, name, name->component_count);
}

static enum status files_write(struct sink *sink, const struct outcome *outcome)
{
    struct sink_files *files = (struct sink_files *)sink;
    const struct fetch_result *result = outcome->result;
    bool leads_on = outcome->crawl != NULL && outcome->crawl->redirect_to.bytes > 0;
    if (result->error != FETCH_OK || outcome_is_skip(outcome) || leads_on)
        return STATUS_OK;
    check(result->body != NULL || result->body_bytes == 0);
    struct url_parts parts;
    if (url_parse(files->parser, outcome->url, outcome->url_bytes, &parts) != FETCH_OK) {
        snprintf(sink->why, sizeof sink->why, "cannot save a body: its URL cannot be parsed: %s",
                 url_why(files->parser));
        return STATUS_SYSTEM;
    }
    struct save_name name;
    save_name_make(&name, &parts, files->component_max);
    enum status status = enter_directory(files, &name);
    if (status == STATUS_OK)
        status = save_in_directory(files, &name, result);
    if (status != STATUS_OK && errno == ENOENT) {
        /* Somebody removed the directory that we kept open: once more from the top. */
        forget_last(files);
        status = enter_directory(files, &name);
        if (status == STATUS_OK)
            status = save_in_directory(files, &name, result);
    }
    return status;
}

static enum status files_flush(struct sink *sink)
{
    (void)sink;
    return STATUS_OK;
}

static void files_close(struct sink *sink)
{
    struct sink_files *files = (struct sink_files *)sink;
    forget_last(files);
    if (files->root_fd >= 0)
        close(files->root_fd);
    url_parser_close(files->parser);
    free((char *)files->directory);
    free(files);
}

static const struct sink_ops FILES_OPS = {"files", files_write, files_flush, files_close};

/* ---- opening ---- */

/* Makes the directory at path and those above it; false: errno. What is there already, be it by a
 * symbolic link of the user's, is taken. */
static bool make_directories(const char *path)
{
    char *part = strdup(path);
    if (part == NULL)
        return false;
    bool made = true;
    for (char *slash = part + 1; made && slash[-1] != '\0' && (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        made = mkdir(part, 0777) == 0 || errno == EEXIST || errno == EISDIR || errno == EROFS || errno == EACCES;
        *slash = '/';
    }
    made = made && (mkdir(part, 0777) == 0 || errno == EEXIST);
    int error = errno;
    free(part);
    errno = error;
    return made;
}

static size_t component_max_of(int fd)
{
    long name_max = fpathconf(fd, _PC_NAME_MAX);
    return name_max > 0 && name_max < SAVE_COMPONENT_BYTES_MAX ? (size_t)name_max : SAVE_COMPONENT_BYTES_MAX;
}

enum status sink_files_open(struct sink **sink, const char *directory, char *why, size_t why_bytes)
{
    char shown[200];
    escape_text_into(shown, sizeof shown, directory, strlen(directory));
    *sink = NULL;
    struct sink_files *files = calloc(1, sizeof *files);
    if (files == NULL)
        goto out_of_memory;
    files->sink.ops = &FILES_OPS;
    files->root_fd = files->last_fd = -1;
    files->parser = url_parser_open();
    files->directory = strdup(shown);
    if (files->parser == NULL || files->directory == NULL)
        goto out_of_memory;
    const char *call = "mkdir";
    if (make_directories(directory)) {
        call = "open";
        files->root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (files->root_fd >= 0 && faccessat(files->root_fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        call = "access";
        close(files->root_fd);
        files->root_fd = -1;
    }
    if (files->root_fd < 0) {
        snprintf(why, why_bytes, "cannot save bodies in %s: %s: %s", shown, call, strerror(errno));
        files_close(&files->sink);
        return STATUS_SYSTEM;
    }
    files->component_max = component_max_of(files->root_fd);
    *sink = &files->sink;
    return STATUS_OK;

out_of_memory:
    if (files != NULL)
        files_close(&files->sink);
    snprintf(why, why_bytes, "cannot save bodies in %s: out of memory", shown);
    return STATUS_OUT_OF_MEMORY;
}
