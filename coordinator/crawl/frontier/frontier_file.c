/* frontier_file.c: a temporary file for SQLite that never has a name. */
#include "coordinator/crawl/frontier/frontier_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/descriptor.h"

/* SQLite's handle of it: the first member is SQLite's. */
struct opened {
    sqlite3_file base;
    struct frontier_file *file;
};

static struct frontier_file *file_of(sqlite3_file *handle)
{
    return ((struct opened *)(void *)handle)->file;
}

static int failed(struct frontier_file *file, int answer)
{
    file->error = errno;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? SQLITE_FULL : answer;
}

static int on_close(sqlite3_file *handle)
{
    (void)handle;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *handle, void *to, int bytes, sqlite3_int64 offset)
{
    char *next = to;
    size_t left = (size_t)bytes;
    while (left) {
        ssize_t count = pread(file_of(handle)->fd, next, left, offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed(file_of(handle), SQLITE_IOERR_READ);
        if (count == 0) {
            memset(next, 0, left);
            return SQLITE_IOERR_SHORT_READ;
        }
        next += count;
        offset += count;
        left -= (size_t)count;
    }
    return SQLITE_OK;
}

static int on_write(sqlite3_file *handle, const void *from, int bytes, sqlite3_int64 offset)
{
    struct frontier_file *file = file_of(handle);
    const char *next = from;
    size_t left = (size_t)bytes;
    while (left) {
        ssize_t count = pwrite(file->fd, next, left, offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed(file, SQLITE_IOERR_WRITE);
        next += count;
        offset += count;
        left -= (size_t)count;
        if (file->size < (uint64_t)offset)
            file->size = (uint64_t)offset;
    }
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *handle, sqlite3_int64 bytes)
{
    struct frontier_file *file = file_of(handle);
    if (ftruncate(file->fd, bytes) != 0)
        return failed(file, SQLITE_IOERR_TRUNCATE);
    file->size = (uint64_t)bytes;
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *handle, int flags)
{
    (void)handle;
    (void)flags;
    return SQLITE_OK; /* nobody reads it after us */
}

static int on_size(sqlite3_file *handle, sqlite3_int64 *bytes)
{
    *bytes = (sqlite3_int64)file_of(handle)->size;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *handle, int lock)
{
    (void)handle;
    (void)lock;
    return SQLITE_OK; /* nobody else has it */
}

static int on_is_reserved(sqlite3_file *handle, int *is_reserved)
{
    (void)handle;
    *is_reserved = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *handle, int code, void *argument)
{
    (void)handle;
    (void)code;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_bytes(sqlite3_file *handle)
{
    (void)handle;
    return 4096;
}

static int on_characteristics(sqlite3_file *handle)
{
    (void)handle;
    return 0;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_is_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_bytes,
    .xDeviceCharacteristics = on_characteristics,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *handle, int flags, int *flags_out)
{
    (void)name;
    struct opened *opened = (struct opened *)(void *)handle;
    *opened = (struct opened){.file = vfs->pAppData};
    if (!(flags & SQLITE_OPEN_MAIN_DB))
        return SQLITE_CANTOPEN; /* a journal, or what SQLite would sort: all of that is in memory */
    opened->base.pMethods = &METHODS;
    if (flags_out)
        *flags_out = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int is_synced)
{
    (void)vfs;
    (void)name;
    (void)is_synced;
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *has)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *has = 0;
    return SQLITE_OK;
}

static int on_full_name(sqlite3_vfs *vfs, const char *name, int bytes, char *full)
{
    (void)vfs;
    snprintf(full, (size_t)bytes, "%s", name);
    return SQLITE_OK;
}

/* Where the file system has no files without a name, its name is taken away at once. */
static int open_unnamed(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return descriptor_above_stdio(fd);
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/shoal.XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC); /* mode 0600 */
    if (fd >= 0)
        unlink(path);
    return descriptor_above_stdio(fd);
}

enum status frontier_file_open(struct frontier_file *file, const char *directory)
{
    *file = (struct frontier_file){.fd = -1};
    if (sqlite3_initialize() != SQLITE_OK)
        return STATUS_OUT_OF_MEMORY;
    const sqlite3_vfs *system = sqlite3_vfs_find(NULL); /* for its clock and random numbers */
    if (!system)
        return STATUS_OUT_OF_MEMORY;
    file->fd = open_unnamed(directory);
    if (file->fd < 0)
        return STATUS_SYSTEM;
    snprintf(file->vfs_name, sizeof file->vfs_name, "shoal-%p", (void *)file);
    file->vfs = *system;
    file->vfs.szOsFile = sizeof(struct opened);
    file->vfs.pNext = NULL;
    file->vfs.zName = file->vfs_name;
    file->vfs.pAppData = file;
    file->vfs.xOpen = on_open;
    file->vfs.xDelete = on_delete;
    file->vfs.xAccess = on_access;
    file->vfs.xFullPathname = on_full_name;
    return sqlite3_vfs_register(&file->vfs, 0) == SQLITE_OK ? STATUS_OK : STATUS_OUT_OF_MEMORY;
}

void frontier_file_close(struct frontier_file *file)
{
    if (file->fd < 0)
        return;
    sqlite3_vfs_unregister(&file->vfs);
    close(file->fd);
    file->fd = -1;
}
