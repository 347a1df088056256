/* One answer while a route makes it, and how it is to be delivered. */
#ifndef ORIGIN_ANSWER_H
#define ORIGIN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/origin/body.h"
#include "tests/origin/buffer.h"
#include "tests/origin/request.h"

/* What happens to the connection once the last byte is written. */
enum answer_end {
    ANSWER_KEEPS,  /* the next request may come */
    ANSWER_CLOSES, /* FIN after the answer; unread input is swallowed so that no RST overtakes it */
    ANSWER_DROPS,  /* close() at once, without having said Connection: close */
    ANSWER_RESETS, /* RST, once the peer's kernel has every byte */
    ANSWER_NEVER,  /* nothing: the connection stays until the peer closes it */
};

struct answer {
    struct buffer *output; /* the connection's; header and small bodies are appended to it */
    struct body body;      /* sent after output; the answer owns it */
    uint64_t hold_ms;      /* nothing is sent for so long */
    uint64_t pace_ms;      /* one byte every so often; 0 = as fast as the peer reads */
    bool pace_head;        /* the pace holds for the header too */
    bool head_only;        /* the request was HEAD */
    bool is_http10;
    enum answer_end end;
};

/* A header in steps: open, any number of headers, then exactly one of the finish functions. */
void answer_open(struct answer *answer, unsigned status);
void answer_header(struct answer *answer, const char *name, const char *value);
void answer_header_span(struct answer *answer, const char *name, struct span value);

/* Ends the header with Content-Length and sends the body, which the answer now owns. */
void answer_finish(struct answer *answer, struct body body);

/* The same without Content-Length: the route has written its own framing headers, or none. */
void answer_finish_unframed(struct answer *answer, struct body body);

/* The same with a short body, copied. */
void answer_finish_text(struct answer *answer, struct span text);

/* A whole answer with a short text/plain body that is copied; 204 and 304 get none. */
void answer_text(struct answer *answer, unsigned status, const char *text);

/* As answer_text(), the body names the status, with Retry-After when that is not empty. */
void answer_status(struct answer *answer, unsigned status, struct span retry_after);

#endif
