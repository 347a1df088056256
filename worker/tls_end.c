/* Runs in: worker */
#include "worker/tls_end.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stddef.h>

static int ex_data_index = -1; /* set once; every thread's the same */

static void make_index(void)
{
    ex_data_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
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
    /* libcurl frees it before we are told of the end, and resets what it knows of that. */
    SSL_up_ref(tls);
    SSL_set_info_callback(tls, on_tls_event);
    end->tls = tls;
}

bool tls_end_was_proper(const struct tls_end *end)
{
    return !end->tls || end->is_proper;
}

void tls_end_forget(struct tls_end *end)
{
    if (end->tls) {
        SSL_set_info_callback(end->tls, NULL);
        SSL_set_ex_data(end->tls, ex_data_index, NULL);
        SSL_free(end->tls);
    }
    *end = (struct tls_end){0};
}
