/* An HTTP/1.1 server on the loopback, honest and hostile, in a child process.
 *
 *     struct origin origin;
 *     ck_assert_int_eq(origin_start(&origin), 0);
 *     origin_url(&origin, url, sizeof(url), "/bytes/%d", 1000);
 *     ...
 *     origin_stop(&origin);
 *
 * What it serves: `origin --list`, or tests/origin/pages.c. The protocol-breaking answers are a
 * table that a suite can loop over: tests/origin/broken.h. The 15 pages of the classic futures
 * example and their sizes: tests/origin/wiki.h. */
#ifndef ORIGIN_ORIGIN_H
#define ORIGIN_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/origin/broken.h"
#include "tests/origin/wiki.h"

struct origin_counts_shm;

struct origin {
    pid_t pid;     /* of the serving child; 0 once stopped or never started */
    int port;      /* on 127.0.0.1, picked by the kernel */
    bool has_ipv6; /* the same port answers on ::1 too */
    struct origin_counts_shm *counts;
};

struct origin_counts {
    uint64_t requests;    /* parsed completely since the start, refused ones included */
    uint64_t connections; /* accepted since the start */
    uint32_t in_flight;   /* parsed completely, answer not yet completely written */
    uint32_t in_flight_max;
};

struct origin_options {
    uint32_t wiki_delay_ms; /* how long each /wiki/ answer is held back */
};

/* Forks a child that serves until origin_stop() or until the calling thread ends (it gets SIGKILL
 * then, so no test run leaves one behind). The port accepts connections on return: bind and listen
 * come before the fork. The child keeps none of the caller's descriptors but 0, 1 and 2. wiki pages
 * are held back for 150 ms. Does not block. Returns 0; or -1 with errno set, and then *origin is
 * as if stopped. */
int origin_start(struct origin *origin);

/* As origin_start(), with options. options stays the caller's and is not kept. */
int origin_start_with(struct origin *origin, const struct origin_options *options);

/* Kills and reaps that child, and frees the counts. May be called twice, or after a
 * failed start. */
void origin_stop(struct origin *origin);

/* Reads the counts from shared memory: no request is made, never blocks. A request is counted
 * before its answer is sent; in_flight falls just after the last byte was handed to the kernel, so
 * a client may have the whole answer a moment before. All zero after origin_stop(). */
void origin_counts_read(const struct origin *origin, struct origin_counts *counts);

/* Writes http://127.0.0.1:PORT and the formatted path into buffer, cut to fit as snprintf does. */
void origin_url(const struct origin *origin, char *buffer, size_t bytes, const char *path_format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
