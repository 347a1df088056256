/* sinks.h: the sinks that there are. Each is closed by its ops->close(), which also gives its
 * memory back; writers that were passed in stay the caller's and must outlive the sink. */
#ifndef SHOAL_SINKS_H
#define SHOAL_SINKS_H

#include <stddef.h>

#include "coordinator/output/sink.h"
#include "coordinator/text/writer.h"

/* What a sink shows otherwise than by itself. */
enum sink_show {
    SINK_QUIET = 1u << 0, /* failures only */
    SINK_LINKS = 1u << 1, /* of a crawl: the links of each page */
};

/* `Read <bytes> from <url>` on out; `Failed <url>: <error>: <detail>` on err. What a crawl skipped is not shown. With SINK_LINKS each
 * `Read` line is followed by a line for each link of the page:
 *
 *     Read 5120 from https://example.org/
 *       -> page https://example.org/about
 *       -> asset https://example.org/style.css
 *       -> page,nofollow https://example.org/login
 *
 * No field holds a blank, so that `$1 == "Read" { page = $4 } $1 == "->" { print page, $2, $3 }` gives the graph. show: enum
 * sink_show, or-ed. OK or OUT_OF_MEMORY. */
enum status sink_text_open(struct sink **sink, struct writer *out, struct writer *err, unsigned show);

/* One JSON object a line on out, for successes and failures, and for what a crawl skipped. show: enum sink_show, or-ed. OK or OUT_OF_MEMORY. */
enum status sink_jsonl_open(struct sink **sink, struct writer *out, unsigned show);

/* Counts in the struct tally_shm (tally.h) behind fd, which stays the caller's, and shows nothing. why: on failure receives
 * one line. OK, INVALID_ARGUMENT (no such page), SYSTEM or OUT_OF_MEMORY. */
enum status sink_tally_open(struct sink **sink, int fd, char *why, size_t why_bytes);

/* Saves the body of each success below directory, which is created when missing, its parents too.
 * Needs EXECUTOR_KEEP_BODY. Of a crawl neither what was skipped nor an answer that leads elsewhere is saved. why: on failure receives one line for the user. OK, SYSTEM or
 * OUT_OF_MEMORY. See save_name.h for the names. */
enum status sink_files_open(struct sink **sink, const char *directory, char *why, size_t why_bytes);

#endif
