/* transfer.h: one transfer of libcurl's, from a claimed slot to a filled result. Handles are made once and used again;
 * only what differs from URL to URL is set. */
#ifndef SHOAL_TRANSFER_H
#define SHOAL_TRANSFER_H

#include <curl/curl.h>
#include <openssl/evp.h>

#include "common/fetch_error.h"
#include "worker/fetch/decoder.h"
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

/* Makes the handle and sets all that is the same for every URL. Errors: OUT_OF_MEMORY; INVALID_ARGUMENT where libcurl
 * refuses an option. After a failure transfer_close() is still due. */
enum status transfer_open(struct transfer *transfer, struct transfer_context *context);
void transfer_close(struct transfer *transfer);

/* Closes the handle and keeps the place among its lane's transfers: transfer_open() is due again. */
void transfer_renew(struct transfer *transfer);

/* Sets what is this claim's: URL and headers, from the slot's extent. Errors: OUT_OF_MEMORY, INVALID_ARGUMENT. */
enum status transfer_begin(struct transfer *transfer, const struct claim *claim);

/* A connection that lay idle was closed by the server just when it was used again (RFC 9112, 9.3.1; GOAWAY, RFC 9113, 6.8): nothing
 * was answered, so the request may be sent once more, on a new one. True: add the handle again, the claim goes on. */
bool transfer_begin_again(struct transfer *transfer, CURLcode code);

/* For libcurl's callbacks: the transfer ends with this error. `why` must live as long as the transfer. Returns what the callback
 * is to return. */
size_t transfer_refuse(struct transfer *transfer, enum fetch_error error, const char *why);

/* Fills the slot's result from how the transfer ended. */
void transfer_finish(struct transfer *transfer, CURLcode code);

/* Fills a slot's result with an end of our own. */
void transfer_fail(struct result_shm *result, enum fetch_error error, const char *why);

/* A paused body goes on if there is memory now. */
void transfer_resume(struct transfer *transfer);

#endif
