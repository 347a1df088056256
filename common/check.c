/* check.c: invariants that stay on in release builds. */
#include "common/check.h"

#include <stdio.h>
#include <unistd.h>

_Noreturn void check_failed(const char *condition, const char *file, int line)
{
    char text[512];
    int bytes =
        snprintf(text, sizeof text, "shoal: bug: %s:%d: %s does not hold; please report\n", file, line, condition);
    if (bytes > 0) {
        ssize_t ignored = write(STDERR_FILENO, text, (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1);
        (void)ignored;
    }
    _exit(EXIT_INVARIANT);
}
