/* temporary_file.h: a file of this run alone: no name, mode 0600, gone with its descriptor. */
#ifndef SHOAL_SCRATCH_FILE_H
#define SHOAL_SCRATCH_FILE_H

#include <stddef.h>

/* In $TMPDIR, else in /var/tmp. -1: why has one line that names call, directory and reason. The descriptor is closed on exec. */
int scratch_file_open(char *why, size_t why_bytes);

#endif
