/* tls_origin.c: A small TLS server that a test tells what to do with each connection, in a process of its own, with certificates made in memory. */
#include "tests/support/tls_origin.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DAY_S = 24 * 3600, CHAIN_LENGTH = 400 };

#define OK "HTTP/1.1 200 OK\r\n"

struct tls_answer {
    const char *text;
    bool ends; /* with close_notify */
};

static const struct tls_answer ANSWERS[TLS_MANNER_COUNT] = {
    [TLS_ANSWERS] = {OK "Content-Length: 3\r\nConnection: close\r\n\r\nok\n", true},
    [TLS_CUTS_WHOLE] = {OK "Content-Length: 3\r\nConnection: close\r\n\r\nok\n", false},
    [TLS_CUTS_DELIMITED] = {OK "Connection: close\r\n\r\nok\n", false},
    [TLS_ENDS_DELIMITED] = {OK "Connection: close\r\n\r\nok\n", true},
    [TLS_CUTS_SHORT] = {OK "Content-Length: 10\r\n\r\nok\n", false},
    [TLS_CUTS_CHUNKS] = {OK "Transfer-Encoding: chunked\r\n\r\n3\r\nok\n\r\n", false},
    [TLS_CUTS_HEADER] = {OK "Content-Len", false},
};

/* ---- certificates ---- */

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/* subjectAltName with one DNS name of any bytes, which no text can say. */
static bool add_raw_name(X509 *certificate, const char *bytes, int count)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, bytes, count);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, name);
    bool added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return added;
}

/* A certificate and its key; signer NULL: by itself. common_name may hold NUL. */
static struct identity make_identity(const struct identity *signer, const char *common_name, int name_bytes,
                                     const char *alt_names, long from_s, long until_s)
{
    static long serial = 1;
    struct identity made = {X509_new(), EVP_EC_gen("P-256")};
    X509 *certificate = made.certificate;
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until_s);
    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name, name_bytes, -1,
                               0);
    X509_set_issuer_name(certificate, signer != NULL ? X509_get_subject_name(signer->certificate) : name);
    X509_set_pubkey(certificate, made.key);
    add_extension(certificate, NID_basic_constraints, alt_names != NULL ? "CA:FALSE" : "CA:TRUE");
    if (alt_names != NULL && alt_names[0] == '\0') {
        add_raw_name(certificate, common_name, name_bytes);
    } else if (alt_names != NULL && alt_names[0] != '-') {
        add_extension(certificate, NID_subject_alt_name, alt_names);
    }
    X509_sign(certificate, signer != NULL ? signer->key : made.key, EVP_sha256());
    return made;
}

static void free_identity(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

/* The server's own; alt_names: "" is the common name as it stands, "-" is none. */
static struct identity make_own(const struct identity *authority, enum tls_certificate which)
{
    static const char HERE[] = "DNS:localhost,IP:127.0.0.1";
    static const char NUL_NAME[] = "localhost\0.other.example";
    enum { NUL_NAME_BYTES = sizeof NUL_NAME - 1 };
    switch (which) {
    case TLS_EXPIRED:
        return make_identity(authority, "shoal", -1, HERE, -2 * DAY_S, -DAY_S);
    case TLS_NOT_YET:
        return make_identity(authority, "shoal", -1, HERE, DAY_S, 2 * DAY_S);
    case TLS_SELF_SIGNED:
        return make_identity(NULL, "localhost", -1, HERE, -DAY_S, DAY_S);
    case TLS_OTHER_NAME:
        return make_identity(authority, "shoal", -1, "DNS:other.example", -DAY_S, DAY_S);
    case TLS_NUL_IN_NAME:
        return make_identity(authority, NUL_NAME, NUL_NAME_BYTES, "-", -DAY_S, DAY_S);
    case TLS_NUL_IN_ALT:
        return make_identity(authority, NUL_NAME, NUL_NAME_BYTES, "", -DAY_S, DAY_S);
    case TLS_WILD:
        return make_identity(authority, "*", -1, "DNS:*", -DAY_S, DAY_S);
    default:
        return make_identity(authority, "shoal", -1, HERE, -DAY_S, DAY_S);
    }
}

static int write_authority(struct tls_origin *origin, const struct identity *authority)
{
    const char *base = getenv("TMPDIR");
    snprintf(origin->ca_file, sizeof origin->ca_file, "%.40s/shoal-ca-XXXXXX", base != NULL ? base : "/tmp");
    int fd = mkstemp(origin->ca_file);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        origin->ca_file[0] = '\0';
        return -1;
    }
    int written = PEM_write_X509(file, authority->certificate);
    return fclose(file) == 0 && written == 1 ? 0 : -1;
}

static SSL_CTX *make_context(const struct identity *authority, enum tls_certificate which, enum tls_manner manner)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    struct identity own = make_own(authority, which);
    if (SSL_CTX_use_certificate(context, own.certificate) != 1 || SSL_CTX_use_PrivateKey(context, own.key) != 1) {
        return NULL;
    }
    for (int i = 0; which == TLS_LONG_CHAIN && i < CHAIN_LENGTH; i++) {
        struct identity extra = make_identity(NULL, "one more of an endless chain", -1, NULL, -DAY_S, DAY_S);
        SSL_CTX_add_extra_chain_cert(context, extra.certificate);
        EVP_PKEY_free(extra.key);
    }
    if (manner == TLS_ALERTS) { /* a version that clients no longer speak */
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_max_proto_version(context, TLS1_VERSION);
    }
    free_identity(&own);
    return context;
}

/* ---- the server ---- */

static void read_hello(int fd)
{
    char bytes[4096];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    (void)got;
}

/* The request has all its bytes and a NUL. Returns how many the answer has. */
static int make_echo(const char *request, char *answer, size_t answer_bytes)
{
    static const char MOVED[] = "GET /?";
    size_t moved_bytes = sizeof MOVED - 1;
    if (strncmp(request, MOVED, moved_bytes) == 0) {
        const char *url = request + moved_bytes;
        return snprintf(answer, answer_bytes,
                        "HTTP/1.1 302 Found\r\nLocation: %.*s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                        (int)strcspn(url, " "), url);
    }
    return snprintf(answer, answer_bytes, OK "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(request),
                    request);
}

static void answer_over_tls(SSL_CTX *context, int fd, enum tls_manner manner)
{
    char request[4096];
    char echo[8192];
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    int bytes = SSL_accept(ssl) == 1 ? SSL_read(ssl, request, sizeof request - 1) : 0;
    if (bytes > 0 && manner == TLS_ECHOES) {
        request[bytes] = '\0';
        SSL_write(ssl, echo, make_echo(request, echo, sizeof echo));
        SSL_shutdown(ssl);
    } else if (bytes > 0) {
        SSL_write(ssl, ANSWERS[manner].text, (int)strlen(ANSWERS[manner].text));
        if (ANSWERS[manner].ends) {
            SSL_shutdown(ssl);
        }
    }
    SSL_free(ssl);
}

static void serve_one(SSL_CTX *context, int fd, enum tls_manner manner)
{
    static const char JUNK[] = "HTTP/1.1 400 \x16\x03\x01 nothing of the kind\r\n\r\n";
    switch (manner) {
    case TLS_HANGS:
        read_hello(fd);
        read_hello(fd); /* until the client gives up */
        return;
    case TLS_CLOSES_HANDSHAKE:
        read_hello(fd);
        return;
    case TLS_SPEAKS_JUNK:
        read_hello(fd);
        send(fd, JUNK, sizeof JUNK - 1, MSG_NOSIGNAL);
        return;
    default:
        answer_over_tls(context, fd, manner);
    }
}

/* Every connection in a process of its own: one that hangs holds nobody up. */
static _Noreturn void serve(int listener, SSL_CTX *context, enum tls_manner manner)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGCHLD, &ignore, NULL); /* and nobody need be waited for */
    sigaction(SIGPIPE, &ignore, NULL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            _exit(EXIT_FAILURE);
        }
        pid_t parent = getpid();
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) {
                serve_one(context, fd, manner);
                /* The client must see the end, and no reset that throws away what it has not read. */
                shutdown(fd, SHUT_WR);
                read_hello(fd);
            }
            _exit(EXIT_SUCCESS);
        }
        close(fd);
    }
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &bytes) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

int tls_origin_start(struct tls_origin *origin, enum tls_manner manner, enum tls_certificate certificate)
{
    *origin = (struct tls_origin){0};
    struct identity authority = make_identity(NULL, "shoal test authority", -1, NULL, -DAY_S, DAY_S);
    SSL_CTX *context = make_context(&authority, certificate, manner);
    int listener = listen_somewhere(&origin->port);
    pid_t parent = getpid();
    if (context != NULL && listener >= 0 && write_authority(origin, &authority) == 0) {
        fflush(NULL);
        origin->pid = fork();
    }
    if (origin->pid == 0 && origin->ca_file[0] != '\0' && getpid() != parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            serve(listener, context, manner);
        }
        _exit(EXIT_FAILURE);
    }
    SSL_CTX_free(context);
    free_identity(&authority);
    if (listener >= 0) {
        close(listener);
    }
    if (origin->pid > 0) {
        return 0;
    }
    tls_origin_stop(origin);
    return -1;
}

void tls_origin_stop(struct tls_origin *origin)
{
    if (origin->pid > 0) {
        kill(origin->pid, SIGKILL);
        waitpid(origin->pid, NULL, 0);
    }
    if (origin->ca_file[0] != '\0') {
        unlink(origin->ca_file);
    }
    *origin = (struct tls_origin){0};
}
