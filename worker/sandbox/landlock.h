/* landlock.h: no file can be opened but to read what the resolver, the dynamic linker and the certificate store need; no TCP
 * port can be bound (ABI 4); no abstract socket reached and no signal sent to processes outside (ABI 6).
 *
 * Linux 5.13; see the kernel's Documentation/userspace-api/landlock.rst. What is open already stays usable. A rule holds for
 * the file that had the name when it was made, so a file of /etc that is replaced is out of reach afterwards: a worker that
 * finds no name then leaves, and the next one makes its rules anew. */
#ifndef SHOAL_LANDLOCK_H
#define SHOAL_LANDLOCK_H

#include "worker/worker.h"

/* The version that the kernel speaks; 0 or less: none. */
int landlock_abi(void);
bool landlock_is_there(void);

/* False where it was refused; nothing is changed then. Needs no_new_privs. Files that do not exist are passed over. */
bool landlock_put_on(const struct worker_config *config);

/* See sandbox_hides_names(). */
bool landlock_hides_names(void);

#endif
