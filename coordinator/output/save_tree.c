/* save_tree.c: the directory below which bodies are saved, and the files in it. */
#include "coordinator/output/save_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fault.h"
#include "coordinator/text/escape.h"

#define TEMPORARY_TRIES 100
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct save_tree {
    const char *directory; /* as the user gave it, escaped, for messages */
    int root_fd;
    size_t component_max;
    struct timespec opened; /* by the file system's clock */
    int last_fd;            /* the directory that was used last; -1: none */
    bool is_named;          /* last is its name: all components but the last */
    struct save_name last;
    char last_path[SAVE_PATH_BYTES_MAX + 1]; /* where it is: "a/b/", and "" for the tree's own */
    uint64_t temporary_number;
    int part_fd; /* the file that is being written; -1: none */
    char part[64];
    char path[SAVE_PATH_BYTES_MAX + 1]; /* where it belongs, or was put last */
    char why[512];
};

/* ---- failures ---- */

/* The components of a name are printable ASCII: see save_name.h. */
static enum status fail_on(struct save_tree *tree, const char *call, const char *path)
{
    int error = errno;
    snprintf(tree->why, sizeof tree->why, "cannot save a body: %s %.200s%s%.255s: %s", call, tree->directory,
             path[0] != '\0' ? "/" : "", path, strerror(error));
    errno = error;
    return STATUS_SYSTEM;
}

static enum status fail_on_name(struct save_tree *tree, const char *call, const struct save_name *name,
                                size_t components)
{
    int error = errno;
    char path[256];
    size_t used = 0;
    path[0] = '\0';
    for (size_t i = 0; i < components && used < sizeof path; i++) {
        int bytes = snprintf(path + used, sizeof path - used, "%s%s", i > 0 ? "/" : "", save_name_component(name, i));
        used += bytes > 0 ? (size_t)bytes : 0;
    }
    errno = error;
    return fail_on(tree, call, path);
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

static void forget_last(struct save_tree *tree)
{
    if (tree->last_fd >= 0)
        close(tree->last_fd);
    tree->last_fd = -1;
    tree->is_named = false;
}

/* Appends to a path; there is room by SAVE_PATH_BYTES_MAX. */
static void append(char path[SAVE_PATH_BYTES_MAX + 1], size_t *used, const char *component, const char *end)
{
    int bytes = snprintf(path + *used, SAVE_PATH_BYTES_MAX + 1 - *used, "%s%s", component, end);
    *used += bytes > 0 ? (size_t)bytes : 0;
}

/* Leaves the directory that name belongs to in tree->last_fd. */
static enum status enter_directory(struct save_tree *tree, const struct save_name *name)
{
    if (tree->last_fd >= 0 && tree->is_named && same_directory(&tree->last, name))
        return STATUS_OK;
    forget_last(tree);
    size_t used = 0;
    int fd = fcntl(tree->root_fd, F_DUPFD_CLOEXEC, 0);
    for (size_t i = 0; fd >= 0 && i + 1 < name->component_count; i++) {
        char other[SAVE_COMPONENT_BYTES_MAX + 1];
        const char *component = save_name_component(name, i);
        int parent_fd = fd;
        fd = open_below(parent_fd, component);
        if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
            save_name_alternative(name, i, true, other);
            component = other;
            fd = open_below(parent_fd, other);
        }
        if (fd < 0)
            fail_on_name(tree, "mkdirat or openat", name, i + 1);
        close(parent_fd);
        if (fd < 0)
            return STATUS_SYSTEM;
        append(tree->last_path, &used, component, "/");
    }
    if (fd < 0)
        return fail_on(tree, "fcntl", "");
    tree->last_path[used] = '\0';
    tree->last_fd = fd;
    tree->last = *name;
    tree->is_named = true;
    return STATUS_OK;
}

/* The same for a path that is there; *file is its last component. -1: errno. */
static int enter_path(struct save_tree *tree, const char *path, const char **file)
{
    const char *slash = strrchr(path, '/');
    size_t bytes = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    *file = path + bytes;
    if (tree->last_fd >= 0 && strlen(tree->last_path) == bytes && memcmp(tree->last_path, path, bytes) == 0)
        return tree->last_fd;
    forget_last(tree);
    char directory[SAVE_PATH_BYTES_MAX + 1];
    if (bytes > SAVE_PATH_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(directory, path, bytes);
    directory[bytes] = '\0';
    int fd = fcntl(tree->root_fd, F_DUPFD_CLOEXEC, 0);
    char *rest = directory;
    for (char *component = strsep(&rest, "/"); fd >= 0 && rest != NULL; component = strsep(&rest, "/")) {
        int parent_fd = fd;
        fd = openat(parent_fd, component, OPEN_DIRECTORY);
        int error = errno;
        close(parent_fd);
        errno = error;
    }
    if (fd < 0)
        return -1;
    memcpy(tree->last_path, path, bytes);
    tree->last_path[bytes] = '\0';
    tree->last_fd = fd;
    return fd;
}

/* ---- the file that is being written ---- */

/* Creates a new file of a name that no other has, in the directory that is open. */
static bool part_begin(struct save_tree *tree)
{
    for (int tries = 0; tries < TEMPORARY_TRIES && tree->part_fd < 0; tries++) {
        snprintf(tree->part, sizeof tree->part, ".shoal-%ld-%llu.part", (long)getpid(),
                 (unsigned long long)tree->temporary_number++);
        tree->part_fd = openat(tree->last_fd, tree->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (tree->part_fd < 0 && errno != EEXIST)
            return false;
    }
    /* if we die from here on: a .shoal-*.part stays; nothing of the final name was touched. */
    return tree->part_fd >= 0;
}

static bool part_write(struct save_tree *tree, const unsigned char *bytes, uint64_t count)
{
    while (count > 0) {
        ssize_t written = write(tree->part_fd, bytes, count < (1u << 30) ? (size_t)count : 1u << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        count -= (uint64_t)written;
    }
    return true;
}

static bool part_close(struct save_tree *tree)
{
    int fd = tree->part_fd;
    tree->part_fd = -1;
    return close(fd) == 0 || errno == EINTR;
}

/* Leaves errno as it is. */
static void part_remove(struct save_tree *tree)
{
    int error = errno;
    if (tree->part_fd >= 0)
        part_close(tree);
    unlinkat(tree->last_fd, tree->part, 0);
    errno = error;
}

static void set_path(struct save_tree *tree, const char *file)
{
    size_t used = 0;
    append(tree->path, &used, tree->last_path, "");
    append(tree->path, &used, file, "");
}

/* Gives the temporary file its name, or the other name where a directory is in the way. */
static bool rename_into_place(struct save_tree *tree, const struct save_name *name)
{
    size_t last = name->component_count - 1;
    const char *final = save_name_component(name, last);
    set_path(tree, final);
    if (renameat(tree->last_fd, tree->part, tree->last_fd, final) == 0)
        return true;
    if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST)
        return false;
    char other[SAVE_COMPONENT_BYTES_MAX + 1];
    save_name_alternative(name, last, false, other);
    set_path(tree, other);
    return renameat(tree->last_fd, tree->part, tree->last_fd, other) == 0;
}

/* ---- new files ---- */

static enum status put_in_directory(struct save_tree *tree, const struct save_name *name, const void *bytes,
                                    uint64_t count)
{
    const char *failed = NULL;
    if (!part_begin(tree))
        return fail_on_name(tree, "openat", name, name->component_count);
    if (!part_write(tree, bytes, count))
        failed = "write";
    FAULT_POINT("save.after_write");
    if (failed == NULL && !part_close(tree))
        failed = "close";
    FAULT_POINT("save.before_rename");
    if (failed == NULL && !rename_into_place(tree, name))
        failed = "renameat";
    if (failed == NULL)
        return STATUS_OK;
    part_remove(tree);
    return fail_on_name(tree, failed, name, name->component_count);
}

enum status save_tree_put(struct save_tree *tree, const struct save_name *name, const void *bytes, uint64_t count)
{
    enum status status = enter_directory(tree, name);
    if (status == STATUS_OK)
        status = put_in_directory(tree, name, bytes, count);
    if (status != STATUS_OK && errno == ENOENT) {
        /* Somebody removed the directory that we kept open: once more from the top. */
        forget_last(tree);
        status = enter_directory(tree, name);
        if (status == STATUS_OK)
            status = put_in_directory(tree, name, bytes, count);
    }
    return status;
}

const char *save_tree_path(const struct save_tree *tree)
{
    return tree->path;
}

bool save_tree_is_taken(struct save_tree *tree, const struct save_name *name)
{
    struct stat at;
    if (enter_directory(tree, name) != STATUS_OK ||
        fstatat(tree->last_fd, save_name_component(name, name->component_count - 1), &at, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    bool is_new = at.st_ctim.tv_sec > tree->opened.tv_sec ||
                  (at.st_ctim.tv_sec == tree->opened.tv_sec && at.st_ctim.tv_nsec >= tree->opened.tv_nsec);
    return S_ISDIR(at.st_mode) || (S_ISREG(at.st_mode) && is_new);
}

/* ---- files that are there ---- */

int save_tree_read(struct save_tree *tree, const char *path)
{
    const char *file;
    struct stat at;
    int directory_fd = enter_path(tree, path, &file);
    if (directory_fd < 0)
        return -1;
    int fd = openat(directory_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || (fstat(fd, &at) == 0 && S_ISREG(at.st_mode)))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

enum status save_tree_replace(struct save_tree *tree, const char *path, const void *bytes, uint64_t count)
{
    const char *file;
    const char *failed = NULL;
    if (enter_path(tree, path, &file) < 0 || !part_begin(tree))
        return fail_on(tree, "openat", path);
    if (!part_write(tree, bytes, count))
        failed = "write";
    else if (!part_close(tree))
        failed = "close";
    else if (renameat(tree->last_fd, tree->part, tree->last_fd, file) != 0)
        failed = "renameat";
    if (failed == NULL)
        return STATUS_OK;
    part_remove(tree);
    return fail_on(tree, failed, path);
}

const char *save_tree_why(const struct save_tree *tree)
{
    return tree->why;
}

/* ---- opening ---- */

/* Makes the directory at path and those above it; false: errno. What is there already, be it by a symbolic link of the user's, is
 * taken. */
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

/* NULL, or the call that failed: errno. */
static const char *open_root(struct save_tree *tree, const char *directory)
{
    if (!make_directories(directory))
        return "mkdir";
    tree->root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree->root_fd < 0)
        return "open";
    return faccessat(tree->root_fd, ".", W_OK | X_OK, AT_EACCESS) == 0 ? NULL : "access";
}

/* What time it is by the clock that stamps the files; without it every file counts as new. */
static void note_time(struct save_tree *tree)
{
    struct stat at;
    tree->last_fd = tree->root_fd;
    if (part_begin(tree)) {
        if (fstat(tree->part_fd, &at) == 0)
            tree->opened = at.st_ctim;
        part_remove(tree);
    }
    tree->last_fd = -1;
}

enum status save_tree_open(struct save_tree **out, const char *directory, char *why, size_t why_bytes)
{
    char shown[200];
    escape_text_into(shown, sizeof shown, directory, strlen(directory));
    *out = NULL;
    struct save_tree *tree = calloc(1, sizeof *tree);
    if (tree != NULL) {
        tree->root_fd = tree->last_fd = tree->part_fd = -1;
        tree->directory = strdup(shown);
    }
    if (tree == NULL || tree->directory == NULL) {
        save_tree_close(tree);
        snprintf(why, why_bytes, "cannot save bodies in %s: out of memory", shown);
        return STATUS_OUT_OF_MEMORY;
    }
    const char *failed = open_root(tree, directory);
    if (failed != NULL) {
        snprintf(why, why_bytes, "cannot save bodies in %s: %s: %s", shown, failed, strerror(errno));
        save_tree_close(tree);
        return STATUS_SYSTEM;
    }
    tree->component_max = component_max_of(tree->root_fd);
    note_time(tree);
    *out = tree;
    return STATUS_OK;
}

void save_tree_close(struct save_tree *tree)
{
    if (tree == NULL)
        return;
    if (tree->part_fd >= 0)
        part_remove(tree);
    forget_last(tree);
    if (tree->root_fd >= 0)
        close(tree->root_fd);
    free((char *)tree->directory);
    free(tree);
}

size_t save_tree_component_max(const struct save_tree *tree)
{
    return tree->component_max;
}
