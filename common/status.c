/* status.c: how a call of ours ended. */
#include "common/status.h"

#include <assert.h>

static const char *const NAMES[] = {
    [STATUS_OK] = "ok",
    [STATUS_WOULD_BLOCK] = "would block",
    [STATUS_TIMEOUT] = "timed out",
    [STATUS_INTERRUPTED] = "interrupted",
    [STATUS_FAILED] = "the task failed",
    [STATUS_CANCELLED] = "cancelled",
    [STATUS_END] = "no more",
    [STATUS_SHUT_DOWN] = "shut down",
    [STATUS_BROKEN] = "the workers cannot live",
    [STATUS_INVALID_ARGUMENT] = "invalid argument",
    [STATUS_INVALID_STATE] = "invalid state",
    [STATUS_OUT_OF_MEMORY] = "out of memory",
    [STATUS_NO_SHARED_MEMORY] = "no shared memory",
    [STATUS_SYSTEM] = "system call failed",
};
static_assert(sizeof NAMES / sizeof NAMES[0] == STATUS_COUNT, "every status has a name");

const char *status_name(enum status status)
{
    return (unsigned)status < STATUS_COUNT ? NAMES[status] : "unknown status";
}
