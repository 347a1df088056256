/* descriptor.c: descriptors that stay clear of standard input, output and error. */
#include "common/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

int descriptor_above_stdio(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return above;
}
