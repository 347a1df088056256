/* sink.h: where outcomes go. Every URL of the input ends in exactly one outcome; every sink sees each of them. */
#ifndef SHOAL_SINK_H
#define SHOAL_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/page.h"
#include "coordinator/executor/executor.h"
#include "coordinator/output/reason.h"

/* What a crawl says of a URL besides. Texts are not yet escaped; bytes 0: nothing to say. */
struct crawl_note {
    enum crawl_reason reason; /* why it was fetched, or skipped: reason_is_skip() */
    struct url_text rule;     /* in words: "robots.txt line 12: Disallow: /private" */
    uint32_t depth;           /* links from a seed */
    uint32_t links;           /* found in the page; what it dropped among them */
    uint32_t links_dropped;   /* of these, beyond the limits */
    struct url_text referrer; /* the page that led here first */
    struct url_text title;
    struct url_text canonical;
    struct url_text redirect_to;
    struct url_text
        duplicate_of; /* the URL that had the same content first, or that it calls canonical; its links were not followed */
    const struct page *page; /* with its links, to be read once more after page_rewind(); NULL: none */
    const void *page_block;
};

/* How one line of the input ended. Borrowed during sink_ops.write(). */
struct outcome {
    const char *url;                   /* what the user gave, not yet escaped */
    size_t url_bytes;                  /* may hold NUL or any other byte */
    uint64_t line;                     /* 1, 2, ... in the input; 0: an argument */
    uint32_t attempts;                 /* all tries, retries included; 0: never started */
    const struct fetch_result *result; /* of the last try; result->error FETCH_OK, or why not */
    const struct crawl_note
        *crawl; /* NULL: a list, no crawl. A URL that was skipped has attempts 0; it is no failure unless
                                        * result->error says so (a seed that robots.txt forbids is one) */
};

/* Whether the URL was seen and left alone: neither a success nor a failure. */
static inline bool outcome_is_skip(const struct outcome *outcome)
{
    return outcome->crawl != NULL && outcome->result->error == FETCH_OK && reason_is_skip(outcome->crawl->reason);
}

/* Whether its body is saved as a file: of a crawl neither what was skipped nor an answer that leads elsewhere is. */
static inline bool outcome_has_file(const struct outcome *outcome)
{
    bool leads_on = outcome->crawl != NULL && outcome->crawl->redirect_to.bytes > 0;
    return outcome->result->error == FETCH_OK && !outcome_is_skip(outcome) && !leads_on;
}

struct sink;

struct sink_ops {
    const char *name;
    /* STATUS_OK; STATUS_SYSTEM or STATUS_OUT_OF_MEMORY with sink->why filled: the run cannot go on; STATUS_INTERRUPTED:
     * the output took nothing and the caller's writer_interrupt gave up. May block on the output. */
    enum status (*write)(struct sink *sink, const struct outcome *outcome);
    /* Brings out what is buffered. Called before the coordinator sleeps, and at the end. */
    enum status (*flush)(struct sink *sink);
    /* Gives the sink back, unflushed. */
    void (*close)(struct sink *sink);
};

/* First member of each sink's own struct. */
struct sink {
    const struct sink_ops *ops;
    char why[512]; /* after a failure: one line for the user */
};

#endif
