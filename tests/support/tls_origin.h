/* A small TLS server that a test tells what to do with each connection, in a process of its own, with
 * certificates made in memory: what nginx will not do. */
#ifndef SHOAL_TESTS_TLS_ORIGIN_H
#define SHOAL_TESTS_TLS_ORIGIN_H

#include <stddef.h>
#include <sys/types.h>

/* How the server behaves, on every connection. */
enum tls_manner {
    TLS_ANSWERS,          /* a good answer, "ok\n", and a proper end */
    TLS_CUTS_WHOLE,       /* the same, but no close_notify: the length says that all is there */
    TLS_CUTS_DELIMITED,   /* neither length nor close_notify: nobody knows whether all is there */
    TLS_ENDS_DELIMITED,   /* no length, but close_notify: all is there */
    TLS_CUTS_SHORT,       /* fewer bytes than the length says, and no close_notify */
    TLS_CUTS_CHUNKS,      /* no last chunk, no close_notify */
    TLS_CUTS_HEADER,      /* ends within the header */
    TLS_CLOSES_HANDSHAKE, /* closes once the client has spoken */
    TLS_SPEAKS_JUNK,      /* answers the client with bytes that are no TLS */
    TLS_HANGS,            /* never answers the client's hello */
    TLS_ECHOES,           /* sends "/?URL" on to URL, and answers everything else with the request as it came */
    TLS_ALERTS,           /* offers nothing that the client can use */
    TLS_MANNER_COUNT
};

/* What is wrong with the certificate. */
enum tls_certificate {
    TLS_GOOD,        /* for localhost and 127.0.0.1, signed by the authority in ca_file */
    TLS_EXPIRED,     /* out of date */
    TLS_NOT_YET,     /* not in date yet */
    TLS_SELF_SIGNED, /* by nobody else */
    TLS_OTHER_NAME,  /* for other.example */
    TLS_NUL_IN_NAME, /* for "localhost\0.other.example", in its common name */
    TLS_NUL_IN_ALT,  /* the same, as subjectAltName */
    TLS_WILD,        /* for "*": any name at all */
    TLS_LONG_CHAIN,  /* good, behind thousands of certificates that nobody needs */
    TLS_CERTIFICATE_COUNT
};

struct tls_origin {
    pid_t pid; /* 0 once stopped or never started */
    int port;  /* on 127.0.0.1 */
    char ca_file[64];
};

/* Forks the server, which ends with the calling thread. 0; or -1, and nothing is left behind. */
int tls_origin_start(struct tls_origin *origin, enum tls_manner manner, enum tls_certificate certificate);

/* Kills and reaps it, and removes ca_file. May be called twice. */
void tls_origin_stop(struct tls_origin *origin);

#endif
