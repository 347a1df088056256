/* convert.h: the links of saved pages and styles, made to lead to what was saved, once all is.
 *
 * DESIGN. No page is parsed again: the workers said where links stand. Each such place gets the path to the file that was saved for its
 * target, or for what that redirects to; else the absolute URL; a base element becomes empty. rel=canonical stays a URL: it names the
 * page, wherever it is. Everything else of a file stays as it is, byte for byte.
 *
 * A file is replaced as a whole or left as it is: where it is not what was saved any more, where the places do not fit it (a worker that
 * was not itself), where nobody could say where links stand (UTF-16), or where it would grow by more than it may: pages whose links
 * all lead to long names could fill a disk. */
#ifndef SHOAL_CONVERT_H
#define SHOAL_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/crawl/mirror/mirror_log.h"
#include "coordinator/output/save_tree.h"

/* What a file may grow by, beyond its own size. */
#define CONVERT_GROWTH_BYTES_MAX (1u << 20)

struct convert_counts {
    uint64_t seen;             /* files that were saved */
    uint64_t converted;        /* rewritten, or right as they were */
    uint64_t saved, elsewhere; /* links to saved files, and to URLs */
    uint64_t changed;          /* left: not what was saved, or gone */
    uint64_t unplaced;         /* left: their encoding hides where links stand */
    uint64_t unfit;            /* left: places outside of it, or too much growth */
};

/* Called between files; false: stop. May be NULL. */
typedef bool convert_watcher(void *context, const struct convert_counts *counts);

/* Converts all files of a log that is sealed. seed: of the log's hashes. OK; INTERRUPTED: the watcher; SYSTEM or OUT_OF_MEMORY: why
 * has one line, and the rest is as it was. Blocks on the disk. */
enum status convert_files(struct mirror_log *log, struct save_tree *tree, uint64_t seed, convert_watcher *watcher,
                          void *context, struct convert_counts *counts, char *why, size_t why_bytes);

#endif
