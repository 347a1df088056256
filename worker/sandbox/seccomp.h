/* seccomp.h: system calls that no worker makes are answered with an error: EPERM, or ENOSYS where a library then does without,
 * EAFNOSUPPORT for families of sockets. None of them kills: what was forgotten here should cost a feature, not a run.
 *
 * A list of what is refused rather than of what is allowed: libraries of other systems make calls that ours do not. Numbers
 * that were not given when this was written are refused too. The kernel finds the calls that are always allowed in a bitmap
 * (Linux 5.11), so the filter itself runs for a few calls only. See seccomp(2). x86-64 and AArch64. */
#ifndef SHOAL_SECCOMP_H
#define SHOAL_SECCOMP_H

#include "worker/worker.h"

bool seccomp_is_there(void);

/* False where it was refused; nothing is changed then. Needs no_new_privs. */
bool seccomp_put_on(const struct worker_config *config);

#endif
