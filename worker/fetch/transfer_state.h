/* transfer_state.h: the state of one transfer, and what all transfers of a worker share. */
#ifndef SHOAL_TRANSFER_STATE_H
#define SHOAL_TRANSFER_STATE_H

#include <curl/curl.h>
#include <openssl/evp.h>

#include "common/fetch_error.h"
#include "worker/decoder.h"
#include "worker/fetch/headers.h"
#include "worker/fetch/tls_end.h"
#include "worker/links/body_links.h"
#include "worker/worker.h"

/* What all transfers of a worker share; borrowed. */
struct transfer_context {
    struct worker *worker;
    const struct shared *shared;
    const struct fetch_config *config;
    struct curl_slist *lines; /* the run's own headers */
    struct curl_slist *resolve;
    bool is_resolve_known; /* to every lane: no handle needs to tell it again */
    bool handles_last;     /* a handle may serve more than one URL: see memory.h */
    bool holds_headers;    /* by holding its last header */
    bool has_private;      /* a connection to a private address may lie idle, for those that were allowed to */
    curl_opensocket_callback open_socket;
    curl_closesocket_callback close_socket;
    void *socket_context;
    uint32_t paused_count;         /* transfers that wait for body memory */
    struct decoder *spare_decoder; /* of a transfer that has ended; NULL: none */
};

struct transfer {
    CURL *easy;
    struct transfer_context *context;
    struct transfer *next_free;
    uint32_t lane;
    bool is_running;  /* the multi handle holds it */
    bool is_paused;   /* waits for body memory */
    bool is_deaf;     /* its socket could not be watched: it would wait in vain */
    bool was_used;    /* the handle has served a URL */
    bool began_again; /* on a new connection, after a used one turned out to be dead */
    struct claim claim;
    struct headers headers;
    void *last_header; /* libcurl's copy of it */
    void *held_header; /* that of the URL before */
    CURLU *url;        /* what is fetched, by the parser that checked it */
    char *origin;      /* "scheme://host:port" of what url was set to last; "" when that was not plain */
    size_t origin_bytes;
    struct tls_end tls_end;
    struct curl_slist *lines; /* this request's own headers; NULL: those of the run */
    EVP_MD_CTX *digest;       /* NULL unless digests are wanted */
    struct body_links *links; /* NULL unless links are counted or pages wanted */
    uint32_t flags;           /* of this claim: enum job_flag */
    uint32_t flags_set;       /* those that the handle is set to */
    bool keeps_body;
    bool is_cut;                     /* the body was longer than JOB_CUT lets through */
    uint64_t body_bytes_max;         /* of this claim */
    char looked_up[RESULT_IP_BYTES]; /* JOB_RESOLVE: the address; "": none yet */
    enum fetch_error error;          /* found by ourselves; FETCH_OK: none */
    const char *why;                 /* beside error: one line */
    uint64_t extent_used;            /* bytes of the slot's extent that are written */
    uint64_t headers_offset;
    uint64_t headers_bytes;
    uint64_t body_offset;
    uint64_t body_bytes; /* decoded so far */
    uint64_t body_stored;
    struct decoder *decoder;  /* NULL: the body has no coding, or has not begun */
    size_t redelivered_bytes; /* of what libcurl hands on next: decoded before a pause */
    int64_t began_ns;
    int64_t paused_ns; /* all pauses together */
    int64_t paused_since_ns;
    char message[CURL_ERROR_SIZE];
};

/* For libcurl's callbacks: the transfer ends with this error. `why` must live as long as the transfer. Returns what the callback
 * is to return. */
static inline size_t transfer_refuse(struct transfer *transfer, enum fetch_error error, const char *why)
{
    transfer->error = error;
    transfer->why = why;
    return CURL_WRITEFUNC_ERROR;
}

/* Sets an option of the transfer's handle; where libcurl refuses, the function that holds this returns why: OUT_OF_MEMORY,
 * INVALID_ARGUMENT. */
#define TRANSFER_SET(transfer, option, value) \
    do { \
        CURLcode set_code = curl_easy_setopt((transfer)->easy, (option), (value)); \
        if (set_code != CURLE_OK) \
            return set_code == CURLE_OUT_OF_MEMORY ? STATUS_OUT_OF_MEMORY : STATUS_INVALID_ARGUMENT; \
    } while (0)

#endif
