/* tls_end.h: how a TLS connection ended. A body that ends where its connection does is whole only if the server said so: a
 * close_notify (RFC 9112, 9.8). libcurl takes any end for one, and asks OpenSSL to do so too. */
#ifndef SHOAL_TLS_END_H
#define SHOAL_TLS_END_H

#include <curl/curl.h>
#include <stdbool.h>

/* One answer's; all zero at first. It must not move while it watches. */
struct tls_end {
    void *tls;       /* SSL while it lives, libcurl's; NULL: no TLS, or none of OpenSSL's */
    bool is_watched; /* there was one */
    bool is_proper;  /* the close_notify came */
};

/* From a callback of the transfer whose answer ends with its connection: listens for the close_notify. Forgets another before it. */
void tls_end_watch(struct tls_end *end, CURL *easy);

/* False: what was watched ended without it. */
bool tls_end_was_proper(const struct tls_end *end);

void tls_end_forget(struct tls_end *end);

#endif
