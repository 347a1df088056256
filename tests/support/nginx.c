/* nginx.c: A real web server beside a suite. */
#include "tests/support/nginx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

#define LISTENERS_MAX (NGINX_SERVER_COUNT + 1) /* and ::1 */
#define ANSWER_SECONDS_MAX 10

static const char NGINX_PROGRAM[] = "/usr/sbin/nginx";

/* An authority, and certificates that it signed: in date, out of date, for another name. And one that signed itself. */
static const char MAKE_CERTIFICATES[] =
    "cd \"$1\"\n"
    "key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'\n"
    "openssl req -x509 $key -keyout ca.key -out ca.pem -days 30 -subj '/CN=shoal test authority'\n"
    "openssl req -x509 $key -keyout self.key -out self.pem -days 30 -subj /CN=localhost"
    " -addext subjectAltName=DNS:localhost,IP:127.0.0.1\n"
    "sign() {\n"
    "  printf 'subjectAltName=%s' \"$3\" > $1.ext\n"
    "  openssl req -new $key -keyout $1.key -out $1.csr -subj /CN=shoal\n"
    "  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial $2 -extfile $1.ext -out $1.pem\n"
    "}\n"
    "sign good '-days 30' DNS:localhost,IP:127.0.0.1\n"
    /* OpenSSL 3.0 takes no dates, later versions no such days. */
    "sign expired '-days -1' DNS:localhost,IP:127.0.0.1 ||\n"
    "  sign expired '-not_before 20200101000000Z -not_after 20200102000000Z' DNS:localhost,IP:127.0.0.1\n"
    "sign other '-days 30' DNS:other.example\n";

static const char *const CERTIFICATES[NGINX_SERVER_COUNT] = {NULL, "good", "expired", "other", "self"};

const char *nginx_docs(void)
{
    return manual_of_postgresql();
}

const char *nginx_missing(void)
{
    if (access(NGINX_PROGRAM, X_OK) != 0) {
        return "nginx is not installed (package nginx-light)";
    }
    if (nginx_docs() == NULL) {
        return "its pages are not installed (package postgresql-doc)";
    }
    if (access("/usr/bin/openssl", X_OK) != 0) {
        return "the openssl command is not installed (package openssl)";
    }
    return NULL;
}

static int make_certificates(const struct nginx *nginx)
{
    pid_t pid = fork();
    if (pid == 0) {
        char log[96];
        snprintf(log, sizeof log, "%s/openssl.log", nginx->directory);
        if (freopen(log, "w", stderr) != NULL && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
            execl("/bin/sh", "sh", "-e", "-c", MAKE_CERTIFICATES, "sh", nginx->directory, (char *)NULL);
        }
        _exit(127);
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "nginx: cannot make certificates in %s\n", nginx->directory);
        return -1;
    }
    return 0;
}

static FILE *create_file(const struct nginx *nginx, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", nginx->directory, name);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        fprintf(stderr, "nginx: cannot create %s: %s\n", path, strerror(errno));
    }
    return file;
}

static int make_files(const struct nginx *nginx)
{
    FILE *empty = create_file(nginx, "empty");
    FILE *binary = create_file(nginx, "binary");
    int result = -1;
    if (empty != NULL && binary != NULL) {
        for (unsigned offset = 0; offset < NGINX_BINARY_BYTES; offset++) {
            putc((int)(offset * 31 & 0xff), binary);
        }
        result = ferror(binary) ? -1 : 0;
    }
    if (empty != NULL) {
        fclose(empty);
    }
    if (binary != NULL) {
        fclose(binary);
    }
    return result;
}

/* What every server answers with. */
static int write_locations(const struct nginx *nginx)
{
    FILE *file = create_file(nginx, "locations.conf");
    if (file == NULL) {
        return -1;
    }
    fprintf(file, "location /docs/ { alias %s/; }\n", nginx_docs());
    fprintf(file, "location /gzip/ { alias %s/; gzip on; gzip_min_length 1; }\n", nginx_docs());
    fprintf(file, "location = /stats { stub_status; }\n");
    fprintf(file, "location = /busy { default_type text/plain; add_header Retry-After 7 always; return 429 busy; }\n");
    fprintf(file, "location = /empty { alias %s/empty; }\n", nginx->directory);
    fprintf(file, "location = /binary { alias %s/binary; }\n", nginx->directory);
    fprintf(file, "location ~ ^/to-tls/(.*) { return 302 https://localhost:%d/docs/$1; }\n", nginx->ports[NGINX_TLS]);
    return fclose(file);
}

static int write_config(const struct nginx *nginx)
{
    static const char *const TEMPORARY[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    FILE *file = create_file(nginx, "nginx.conf");
    if (file == NULL) {
        return -1;
    }
    fprintf(file, "%sdaemon off;\nworker_processes 1;\npid %s/nginx.pid;\n", geteuid() == 0 ? "user root;\n" : "",
            nginx->directory);
    fprintf(file, "error_log %s/error.log warn;\nevents { worker_connections 1024; }\nhttp {\n", nginx->directory);
    fprintf(file, "include /etc/nginx/mime.types;\naccess_log off;\nkeepalive_requests 1000000;\n");
    for (size_t i = 0; i < sizeof TEMPORARY / sizeof TEMPORARY[0]; i++) {
        fprintf(file, "%s_temp_path %s/temporary;\n", TEMPORARY[i], nginx->directory);
    }
    for (int i = 0; i < NGINX_SERVER_COUNT; i++) {
        fprintf(file, "server {\nlisten 127.0.0.1:%d%s;\n", nginx->ports[i], i == NGINX_PLAIN ? "" : " ssl http2");
        if (i == NGINX_PLAIN && nginx->has_ipv6) {
            fprintf(file, "listen [::1]:%d;\n", nginx->ports[i]);
        }
        if (i != NGINX_PLAIN) {
            fprintf(file, "ssl_certificate %s/%s.pem;\n", nginx->directory, CERTIFICATES[i]);
            fprintf(file, "ssl_certificate_key %s/%s.key;\n", nginx->directory, CERTIFICATES[i]);
        }
        fprintf(file, "include %s/locations.conf;\n}\n", nginx->directory);
    }
    fprintf(file, "}\n");
    return fclose(file);
}

/* Listens on 127.0.0.1, or on ::1 with the port of the plain server. */
static int listen_on(int port, bool is_ipv6)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 ipv6 = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_loopback};
    ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (is_ipv6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    int bound =
        is_ipv6 ? bind(fd, (struct sockaddr *)&ipv6, sizeof ipv6) : bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4);
    if (bound != 0 || listen(fd, 511) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t bytes = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &bytes);
    return ntohs(address.sin_port);
}

/* Takes the ports before nginx runs: it inherits the sockets, so nobody else can take a port in between. */
static int listen_all(struct nginx *nginx, int fds[LISTENERS_MAX])
{
    for (int i = 0; i < NGINX_SERVER_COUNT; i++) {
        fds[i] = listen_on(0, false);
        if (fds[i] < 0) {
            fprintf(stderr, "nginx: cannot listen: %s\n", strerror(errno));
            return -1;
        }
        nginx->ports[i] = port_of(fds[i]);
    }
    fds[NGINX_SERVER_COUNT] = listen_on(nginx->ports[NGINX_PLAIN], true);
    nginx->has_ipv6 = fds[NGINX_SERVER_COUNT] >= 0;
    return 0;
}

/* In the child: becomes nginx, which finds the sockets that it inherits listed in the variable NGINX. */
static void become_nginx(const struct nginx *nginx, const int fds[LISTENERS_MAX], pid_t parent)
{
    char config[96];
    char log[96];
    char sockets[16 * LISTENERS_MAX];
    size_t at = 0;
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it stops its worker; killed, it could not */
    if (getppid() != parent) {
        _exit(127);
    }
    for (int i = 0; i < LISTENERS_MAX; i++) {
        if (fds[i] >= 0) {
            at += (size_t)snprintf(sockets + at, sizeof sockets - at, "%d;", fds[i]);
        }
    }
    snprintf(config, sizeof config, "%s/nginx.conf", nginx->directory);
    snprintf(log, sizeof log, "%s/start.log", nginx->directory);
    setenv("NGINX", sockets, 1);
    if (freopen(log, "w", stderr) != NULL) {
        execl(NGINX_PROGRAM, NGINX_PROGRAM, "-c", config, "-e", log, (char *)NULL);
    }
    _exit(127);
}

/* The numbers that /stats shows: "server accepts handled requests\n A H R". False: no answer. */
static bool read_accepts(const struct nginx *nginx, uint64_t *accepts)
{
    static const char ASK[] = "GET /stats HTTP/1.0\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)nginx->ports[NGINX_PLAIN])};
    struct timeval patience = {.tv_sec = ANSWER_SECONDS_MAX};
    char answer[2048];
    size_t bytes = 0;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, ASK, sizeof ASK - 1, MSG_NOSIGNAL) == sizeof ASK - 1) {
        ssize_t got;
        while (bytes < sizeof answer - 1 && (got = recv(fd, answer + bytes, sizeof answer - 1 - bytes, 0)) > 0) {
            bytes += (size_t)got;
        }
    }
    close(fd);
    answer[bytes] = '\0';
    const char *head = strstr(answer, "requests\n ");
    if (head == NULL) {
        return false;
    }
    *accepts = strtoull(head + strlen("requests\n "), NULL, 10);
    return true;
}

static int start_in_directory(struct nginx *nginx)
{
    int fds[LISTENERS_MAX] = {-1, -1, -1, -1, -1, -1};
    uint64_t accepts;
    int result = -1;
    if (listen_all(nginx, fds) == 0 && make_certificates(nginx) == 0 && make_files(nginx) == 0 &&
        write_locations(nginx) == 0 && write_config(nginx) == 0) {
        pid_t parent = getpid();
        nginx->pid = fork();
        if (nginx->pid == 0) {
            become_nginx(nginx, fds, parent);
        }
        result = nginx->pid > 0 ? 0 : -1;
    }
    for (int i = 0; i < LISTENERS_MAX; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (result == 0 && !read_accepts(nginx, &accepts)) {
        fprintf(stderr, "nginx: does not answer\n");
        result = -1;
    }
    return result;
}

int nginx_start(struct nginx *nginx)
{
    *nginx = (struct nginx){0};
    const char *base = getenv("TMPDIR");
    snprintf(nginx->directory, sizeof nginx->directory, "%.40s/shoal-nginx-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(nginx->directory) == NULL) {
        fprintf(stderr, "nginx: cannot make %s: %s\n", nginx->directory, strerror(errno));
        nginx->directory[0] = '\0';
        return -1;
    }
    chmod(nginx->directory, 0755);
    snprintf(nginx->ca_file, sizeof nginx->ca_file, "%s/ca.pem", nginx->directory);
    if (start_in_directory(nginx) != 0) {
        nginx_stop(nginx);
        return -1;
    }
    return 0;
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

void nginx_stop(struct nginx *nginx)
{
    if (nginx->pid > 0) {
        kill(nginx->pid, SIGTERM);
        waitpid(nginx->pid, NULL, 0);
        nginx->pid = 0;
    }
    if (nginx->directory[0] != '\0') {
        nftw(nginx->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        nginx->directory[0] = '\0';
    }
}

void nginx_url(const struct nginx *nginx, enum nginx_server server, const char *path, char *url, size_t bytes)
{
    snprintf(url, bytes, "%s:%d%s", server == NGINX_PLAIN ? "http://127.0.0.1" : "https://localhost",
             nginx->ports[server], path);
}

uint64_t nginx_connections(const struct nginx *nginx)
{
    static uint64_t ours; /* asked in this process so far */
    static uint64_t first;
    uint64_t accepts;
    if (!read_accepts(nginx, &accepts)) {
        fprintf(stderr, "nginx: is gone\n");
        abort();
    }
    if (ours == 0) {
        first = accepts;
    }
    return accepts - first - ours++;
}
