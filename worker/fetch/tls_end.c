/* tls_end.c: how a TLS connection ended. */
#include "worker/fetch/tls_end.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stddef.h>

static int ex_data_index = -1; /* set once; every thread's the same */

/* libcurl freed the connection, before we are told of the end. To hold on to it would be no help: its innards are libcurl's, and go. */
static void on_freed(void *tls, void *watcher, CRYPTO_EX_DATA *data, int index, long unused, void *unused_too)
{
    struct tls_end *end = watcher;
    (void)tls;
    (void)data;
    (void)index;
    (void)unused;
    (void)unused_too;
    if (end)
        end->tls = NULL;
}

static void make_index(void)
{
    ex_data_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_freed);
}

static void on_tls_event(const SSL *tls, int where, int value)
{
    struct tls_end *end = SSL_get_ex_data(tls, ex_data_index);
    if (end && where == SSL_CB_READ_ALERT && (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
        end->is_proper = true;
}

void tls_end_watch(struct tls_end *end, CURL *easy)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct curl_tlssessioninfo *info = NULL;
    tls_end_forget(end);
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info || !info->internals ||
        info->backend != CURLSSLBACKEND_OPENSSL)
        return;
    pthread_once(&once, make_index);
    SSL *tls = info->internals;
    if (ex_data_index < 0 || !SSL_set_ex_data(tls, ex_data_index, end))
        return;
    SSL_set_info_callback(tls, on_tls_event);
    end->tls = tls;
    end->is_watched = true;
}

bool tls_end_was_proper(const struct tls_end *end)
{
    return !end->is_watched || end->is_proper;
}

void tls_end_forget(struct tls_end *end)
{
    if (end->tls) {
        SSL_set_info_callback(end->tls, NULL);
        SSL_set_ex_data(end->tls, ex_data_index, NULL);
    }
    *end = (struct tls_end){0};
}
