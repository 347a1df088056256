/* temporary_file.c: a file of this run alone. */
#include "coordinator/base/temporary_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/text/escape.h"

/* Where the file system knows no file without a name: one that loses it at once. */
static int open_named(const char *directory)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/shoal.XXXXXX", directory) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int scratch_file_open(char *why, size_t why_bytes)
{
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || directory[0] == '\0')
        directory = "/var/tmp";
    int fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = open_named(directory);
    if (fd < 0) {
        char shown[128];
        int error = errno;
        escape_text_into(shown, sizeof shown, directory, strlen(directory));
        snprintf(why, why_bytes, "cannot make a temporary file in %s ($TMPDIR): open: %s", shown, strerror(error));
    }
    return fd;
}
