/* frontier_file.h: a temporary file for SQLite that never has a name: mode 0600, gone with its descriptor however the process ends.
 *
 * SQLite's own temporary files have a name for an instant, and one opened by name is looked for with a journal beside it, which anybody may
 * put into a public directory. So the file is opened here and SQLite is given a VFS of its own for it: no names, no locks, no
 * journal on disk. */
#ifndef SHOAL_FRONTIER_FILE_H
#define SHOAL_FRONTIER_FILE_H

#include <sqlite3.h>
#include <stdint.h>

#include "common/status.h"

struct frontier_file {
    sqlite3_vfs vfs;
    char vfs_name[40];
    int fd;
    int error;     /* errno of the last call that failed; 0: none did */
    uint64_t size; /* bytes */
};

/* Opens one in directory and makes its VFS known to SQLite as file->vfs_name. OUT_OF_MEMORY, or SYSTEM with errno. The struct must not
 * move until frontier_file_close(). */
enum status frontier_file_open(struct frontier_file *file, const char *directory);
void frontier_file_close(
    struct frontier_file *file); /* accepts one that could not be opened, not one that was closed */

#endif
