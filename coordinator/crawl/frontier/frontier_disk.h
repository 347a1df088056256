/* frontier_disk.h: where segments wait that memory has no room for: rows of bytes in an SQLite database, in a temporary file without a
 * name. A row's key is a run and a number in it; the rows of a run lie side by side.
 *
 * What disk_commit() answered OK for is there until it is dropped, whatever fails later: a full disk undoes what was not committed
 * and no more. */
#ifndef SHOAL_FRONTIER_DISK_H
#define SHOAL_FRONTIER_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

/* What SQLite takes at most, of which disk_memory_bytes() is in use, with up to DISK_ROWS_A_COMMIT rows put at a time. */
#define DISK_MEMORY_BYTES (512u << 10)
#define DISK_ROWS_A_COMMIT 16u

struct disk;

/* In directory (NULL: $TMPDIR, else /var/tmp). OUT_OF_MEMORY, or SYSTEM with one line in why. */
enum status disk_open(struct disk **disk, const char *directory, char *why, size_t why_bytes);
void disk_close(struct disk *disk); /* accepts NULL */

/* Each blocks as long as the disk does, and answers OK, OUT_OF_MEMORY or SYSTEM with one line in why. After an error of one of the first
 * two nothing is left of what was put since the last commit. */
enum status disk_put(struct disk *disk, uint32_t run, uint32_t number, const void *bytes, size_t count, char *why,
                     size_t why_bytes);
enum status disk_commit(struct disk *disk, char *why, size_t why_bytes);
enum status disk_get(struct disk *disk, uint32_t run, uint32_t number, void *to, size_t room, size_t *count, char *why,
                     size_t why_bytes);

/* A row that cannot be dropped takes room on disk and does no other harm. */
void disk_drop(struct disk *disk, uint32_t run, uint32_t number);

size_t disk_memory_bytes(const struct disk *disk);
uint64_t disk_file_bytes(const struct disk *disk);

#endif
