/* An HTTP/2 server over clear text that keeps to as little of the protocol as a breach needs: frames are bytes,
 * written by hand. In a process of its own.
 *
 * The client begins with HTTP/1.1 and Upgrade: h2c, so its first path is there to be read, and names the manner of the whole
 * connection; the first request is stream 1. What comes on later streams is never decoded. */
#ifndef SHOAL_TESTS_H2_ORIGIN_H
#define SHOAL_TESTS_H2_ORIGIN_H

#include <sys/types.h>

/* The manners, each a path behind "/": h2_origin.c. Every good answer is 200, "ok\n". */
struct h2_origin {
    pid_t pid; /* 0 once stopped or never started */
    int port;  /* on 127.0.0.1 */
};

/* Forks the server, which ends with the calling thread. 0; or -1, and nothing is left behind. */
int h2_origin_start(struct h2_origin *origin);

/* Kills and reaps it. May be called twice. */
void h2_origin_stop(struct h2_origin *origin);

#endif
