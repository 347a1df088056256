/* Whole sites for a crawler, in a child process: a function says what each path of each host is, and every request is
 * written down with its times, so that a test can say who was asked what, how often, and how gently.
 *
 *     static void serve(const struct web_request *request, struct web_answer *answer) { ... }
 *     web_start(&web, serve, 1);
 *     ... crawl web.url ...
 *     ck_assert_uint_eq(web_asked(&web, NULL, "/a.html"), 1);
 *     web_stop(&web); */
#ifndef SHOAL_TESTS_WEB_H
#define SHOAL_TESTS_WEB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WEB_ADDRESSES_MAX 1024
#define WEB_LOG_MAX 60000

struct web_request {
    const char *host; /* of the Host header, without its port */
    const char *path; /* with the query */
    const char *head; /* the whole header */
    unsigned address; /* which of the server's addresses was connected to: 0, 1, ... */
    unsigned asked;   /* how often this host was asked for this path before */
    int port;
};

/* All zero is 200, text/html, an empty page. */
struct web_answer {
    int status;
    const char *type;    /* NULL: text/html; "": none is sent */
    const char *headers; /* more lines, each with its CR LF; NULL: none */
    const char *body;    /* NULL: what was printed with web_print() */
    size_t body_bytes;   /* 0: up to the NUL */
    int delay_ms;
    int is_cut;       /* the connection is closed without an answer */
    size_t cut_after; /* ... after so many bytes of the body, of which more were promised; 0: it is not */
};

/* In the child. */
typedef void web_serve(const struct web_request *request, struct web_answer *answer);

/* Adds to the answer's body; in the child, within web_serve. Up to 4 MiB. */
void web_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct web_entry {
    int64_t came_ns, answered_ns; /* CLOCK_MONOTONIC; answered_ns 0: not yet */
    unsigned address;
    int status;
    char host[64];
    char path[176]; /* cut */
};

struct web_log_shm {
    uint32_t count;
    struct web_entry entries[WEB_LOG_MAX];
};

struct web {
    pid_t pid;
    int port;
    char url[64]; /* http://127.0.0.1:PORT */
    struct web_log_shm *log;
};

/* Serves on 127.0.0.1, 127.0.1.1, 127.0.1.2, ...: so many addresses, one port. Fails the test when it cannot. The child dies with the
 * caller. */
void web_start(struct web *web, web_serve *serve, unsigned addresses);
void web_stop(struct web *web); /* may be called twice */

/* The address with that number as text. */
const char *web_address(unsigned address, char text[24]);

/* Requests so far; of them to a host (NULL: any), for a path (NULL: any). */
unsigned web_asked(const struct web *web, const char *host, const char *path);

/* How one host, or one address, was treated. */
struct web_treatment {
    unsigned requests;
    unsigned in_flight_max;
    int64_t gap_min_ns; /* between two requests; INT64_MAX: there was one at most */
    int64_t first_ns, last_ns;
};
struct web_treatment web_treatment_of_host(const struct web *web, const char *host);
struct web_treatment web_treatment_of_address(const struct web *web, unsigned address);

#endif
