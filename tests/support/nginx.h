/* A real web server beside a suite: Debian's nginx on ports of its own, with files and TLS certificates
 * made for it, in a temporary directory.
 *
 * Plain and over TLS with HTTP/2 it serves:
 *     /docs/NAME    the HTML files of nginx_docs()
 *     /gzip/NAME    the same, compressed
 *     /stats        for nginx_connections()
 *     /busy         429 with Retry-After: 7, plain text
 *     /empty        an empty file
 *     /binary       nginx_binary_bytes bytes, each of the low byte of its offset times 31
 *     /to-tls/NAME  302 to the same of /docs/ over TLS at localhost */
#ifndef SHOAL_TESTS_NGINX_H
#define SHOAL_TESTS_NGINX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The servers, each with a port of its own. Those of TLS offer HTTP/2 and HTTP/1.1. */
enum nginx_server {
    NGINX_PLAIN,       /* 127.0.0.1, and ::1 where there is one */
    NGINX_TLS,         /* certificate for localhost and 127.0.0.1, signed by the authority in ca_file */
    NGINX_EXPIRED,     /* the same, but out of date */
    NGINX_OTHER_NAME,  /* the same, but for other.example */
    NGINX_SELF_SIGNED, /* for localhost, signed by nobody else */
    NGINX_SERVER_COUNT
};

enum { NGINX_BINARY_BYTES = 300000 };

struct nginx {
    pid_t pid; /* 0 once stopped or never started */
    int ports[NGINX_SERVER_COUNT];
    bool has_ipv6;
    char directory[64]; /* where all that was made lies */
    char ca_file[96];
};

/* The folder of /docs/: PostgreSQL's manual. */
const char *nginx_docs(void);

/* What is not installed that nginx_start() needs, as one line; NULL when all is there. */
const char *nginx_missing(void);

/* Starts it; it ends with the calling thread too. Blocks until it answers, for some seconds at most. 0; or -1, with a
 * line on stderr and nothing left behind. */
int nginx_start(struct nginx *nginx);

/* Stops and reaps it, and removes its directory. May be called twice, or after a failed start. */
void nginx_stop(struct nginx *nginx);

/* Writes http://127.0.0.1:PORT or https://localhost:PORT and the path into url. */
void nginx_url(const struct nginx *nginx, enum nginx_server server, const char *path, char *url, size_t bytes);

/* Connections accepted since the first call in this process, by all servers, without those that this function makes.
 * Aborts when nginx is gone. */
uint64_t nginx_connections(const struct nginx *nginx);

#endif
