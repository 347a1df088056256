/* Answers that break the protocol, as the raw bytes that are sent. */
#ifndef ORIGIN_BROKEN_H
#define ORIGIN_BROKEN_H

#include <stddef.h>

/* What the server does with the connection after the bytes, whatever they say. */
enum broken_then {
    BROKEN_KEEPS,  /* waits for the next request: a client that waits for more waits for ever */
    BROKEN_CLOSES, /* FIN */
    BROKEN_RESETS, /* RST, once the client's kernel has the bytes */
};

/* Served at /broken/NAME to GET and HEAD alike: body bytes are sent to HEAD too. */
struct broken_answer {
    const char *name;
    const char *bytes; /* may hold NUL */
    size_t count;
    enum broken_then then;
    const char *comment; /* what is wrong with it, and what the standard asks of a client */
};

/* The honest body is "ok\n" in all of them. "smuggled" stands where a client that gets the framing
 * wrong reads more, or a second answer: bytes that no user should be handed as the page. */
extern const struct broken_answer broken_answers[];
extern const size_t broken_answer_count;

#endif
