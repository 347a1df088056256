/* Runs in: coordinator
 *
 * sink.h: where outcomes go. Every URL of the input ends in exactly one outcome; every sink sees each of them. */
#ifndef SHOAL_SINK_H
#define SHOAL_SINK_H

#include <stdint.h>

#include "coordinator/executor.h"

/* How one line of the input ended. Borrowed during sink_ops.write(). */
struct outcome {
    const char *url;                   /* what the user gave, not yet escaped */
    size_t url_bytes;                  /* may hold NUL or any other byte */
    uint64_t line;                     /* 1, 2, ... in the input; 0: an argument */
    uint32_t attempts;                 /* all tries, retries included; 0: never started */
    const struct fetch_result *result; /* of the last try; result->error FETCH_OK, or why not */
};

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
