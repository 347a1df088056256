/* web.c: whole sites for a crawler, in a child process. */
#include "tests/support/web.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 16384
#define BODY_BYTES (4u << 20)
#define CONNECTIONS_MAX 8192
#define NS_PER_S 1000000000ll
#define NS_PER_MS 1000000ll

/* One connection; the answer that is being sent or held back. */
struct visitor {
    int fd;
    unsigned address;
    size_t used;
    char head[HEAD_BYTES];
    char *answer; /* whole, or NULL */
    size_t answer_bytes, sent;
    int64_t due_ns; /* 0: at once */
    int is_last;    /* the connection ends with the answer */
    struct web_entry *entry;
};

static struct web_log_shm *log_shm;
static web_serve *serve_page;
static struct visitor *visitors[CONNECTIONS_MAX];
static int epoll_fd;
static int port;
static char *printed;
static size_t printed_bytes;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

const char *web_address(unsigned address, char text[24])
{
    if (address == 0)
        snprintf(text, 24, "127.0.0.1");
    else
        snprintf(text, 24, "127.0.%u.%u", 1 + (address - 1) / 200, 1 + (address - 1) % 200);
    return text;
}

void web_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(printed + printed_bytes, BODY_BYTES - printed_bytes, format, arguments);
    va_end(arguments);
    printed_bytes += (size_t)bytes < BODY_BYTES - printed_bytes ? (size_t)bytes : BODY_BYTES - printed_bytes - 1;
}

/* ---- the child ---- */

static void leave(struct visitor *visitor)
{
    visitors[visitor->fd] = NULL;
    close(visitor->fd);
    free(visitor->answer);
    free(visitor);
}

static void watch(int fd, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll_fd, how, fd, &event);
}

/* False: the visitor is gone. */
static int send_some(struct visitor *visitor)
{
    while (visitor->sent < visitor->answer_bytes) {
        ssize_t bytes =
            send(visitor->fd, visitor->answer + visitor->sent, visitor->answer_bytes - visitor->sent, MSG_NOSIGNAL);
        if (bytes < 0 && errno == EAGAIN) {
            watch(visitor->fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return 1;
        }
        if (bytes <= 0) {
            leave(visitor);
            return 0;
        }
        visitor->sent += (size_t)bytes;
    }
    if (visitor->is_last) {
        leave(visitor);
        return 0;
    }
    free(visitor->answer);
    visitor->answer = NULL;
    watch(visitor->fd, EPOLLIN, EPOLL_CTL_MOD);
    return 1;
}

static unsigned asked_before(const char *host, const char *path)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < log_shm->count; i++)
        count += strcmp(log_shm->entries[i].path, path) == 0 && strcmp(log_shm->entries[i].host, host) == 0;
    return count;
}

static struct web_entry *write_down(const struct visitor *visitor, const char *host, const char *path)
{
    if (log_shm->count == WEB_LOG_MAX)
        return NULL;
    struct web_entry *entry = &log_shm->entries[log_shm->count];
    *entry = (struct web_entry){.came_ns = now_ns(), .address = visitor->address};
    snprintf(entry->host, sizeof entry->host, "%s", host);
    snprintf(entry->path, sizeof entry->path, "%s", path);
    __atomic_store_n(&log_shm->count, log_shm->count + 1, __ATOMIC_RELEASE);
    return entry;
}

static void read_host(const char *head, char *host, size_t room)
{
    const char *line = strcasestr(head, "\r\nhost:");
    size_t bytes = 0;
    if (line != NULL) {
        line += 7;
        line += strspn(line, " ");
        bytes = strcspn(line, ":\r\n");
        bytes = bytes < room ? bytes : room - 1;
        memcpy(host, line, bytes);
    }
    host[bytes] = '\0';
}

static void answer_request(struct visitor *visitor)
{
    char host[64];
    char path[4200];
    struct web_answer answer = {0};
    read_host(visitor->head, host, sizeof host);
    if (sscanf(visitor->head, "%*s %4199s", path) != 1)
        snprintf(path, sizeof path, "/");
    struct web_request request = {
        .host = host, .path = path, .head = visitor->head, .address = visitor->address, .port = port};
    char short_path[sizeof visitor->entry->path];
    snprintf(short_path, sizeof short_path, "%.*s", (int)sizeof short_path - 1, path);
    request.asked = asked_before(host, short_path);
    visitor->entry = write_down(visitor, host, short_path);
    printed_bytes = 0;
    printed[0] = '\0';
    serve_page(&request, &answer);
    if (answer.is_cut) {
        leave(visitor);
        return;
    }
    if (answer.status == 0)
        answer.status = 200;
    if (visitor->entry != NULL)
        visitor->entry->status = answer.status;
    const char *body = answer.body != NULL ? answer.body : printed;
    size_t body_bytes = answer.body == NULL ? printed_bytes : answer.body_bytes ? answer.body_bytes : strlen(body);
    const char *type = answer.type != NULL ? answer.type : "text/html";
    visitor->answer = malloc(body_bytes + 8192);
    int bytes = snprintf(visitor->answer, 8192, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s%s%s%s\r\n", answer.status,
                         body_bytes, type[0] ? "Content-Type: " : "", type, type[0] ? "\r\n" : "",
                         answer.headers != NULL ? answer.headers : "");
    visitor->is_last = answer.cut_after > 0;
    body_bytes = answer.cut_after > 0 ? answer.cut_after : body_bytes;
    memcpy(visitor->answer + bytes, body, body_bytes);
    visitor->answer_bytes = (size_t)bytes + body_bytes;
    visitor->sent = 0;
    visitor->due_ns = answer.delay_ms ? now_ns() + answer.delay_ms * NS_PER_MS : 0;
    if (visitor->due_ns == 0) {
        if (visitor->entry != NULL)
            visitor->entry->answered_ns = now_ns();
        send_some(visitor);
    }
}

static void take_bytes(struct visitor *visitor)
{
    ssize_t bytes = recv(visitor->fd, visitor->head + visitor->used, HEAD_BYTES - 1 - visitor->used, 0);
    if (bytes < 0 && errno == EAGAIN)
        return;
    if (bytes <= 0) {
        leave(visitor);
        return;
    }
    visitor->used += (size_t)bytes;
    visitor->head[visitor->used] = '\0';
    if (visitor->answer == NULL && strstr(visitor->head, "\r\n\r\n") != NULL) {
        visitor->used = 0; /* nobody here pipelines */
        answer_request(visitor);
    }
}

static void let_in(int listener, unsigned address)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct visitor *visitor = fd < CONNECTIONS_MAX ? calloc(1, sizeof *visitor) : NULL;
        if (visitor == NULL) {
            close(fd);
            continue;
        }
        visitor->fd = fd;
        visitor->address = address;
        visitors[fd] = visitor;
        watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

/* Sends what was held back long enough; how long until the next is due. */
static int send_due(void)
{
    int64_t now = now_ns();
    int64_t next = now + 3600 * NS_PER_S;
    for (int fd = 0; fd < CONNECTIONS_MAX; fd++) {
        struct visitor *visitor = visitors[fd];
        if (visitor == NULL || visitor->answer == NULL || visitor->due_ns == 0)
            continue;
        if (visitor->due_ns <= now) {
            visitor->due_ns = 0;
            if (visitor->entry != NULL)
                visitor->entry->answered_ns = now;
            send_some(visitor);
        } else if (visitor->due_ns < next) {
            next = visitor->due_ns;
        }
    }
    return (int)((next - now + NS_PER_MS - 1) / NS_PER_MS);
}

static void serve_for_ever(const int *listeners, unsigned count)
{
    static unsigned address_of[CONNECTIONS_MAX];
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    printed = malloc(BODY_BYTES);
    for (unsigned i = 0; i < count; i++) {
        address_of[listeners[i]] = i + 1;
        watch(listeners[i], EPOLLIN, EPOLL_CTL_ADD);
    }
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll_fd, events, 64, send_due());
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (address_of[fd] > 0)
                let_in(fd, address_of[fd] - 1);
            else if (visitors[fd] != NULL && (events[i].events & EPOLLOUT) && visitors[fd]->answer != NULL)
                send_some(visitors[fd]);
            else if (visitors[fd] != NULL)
                take_bytes(visitors[fd]);
        }
    }
}

/* ---- the parent ---- */

static int listen_at(const char *address, int at_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)at_port)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        listen(fd, 512) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t bytes = sizeof at;
    return getsockname(fd, (struct sockaddr *)&at, &bytes) == 0 ? ntohs(at.sin_port) : -1;
}

/* One port at all addresses; another is tried where one of them has it taken. */
static int listen_everywhere(int *listeners, unsigned addresses)
{
    char text[24];
    for (int tries = 0; tries < 20; tries++) {
        unsigned count = 0;
        int at_port = 0;
        while (count < addresses && (listeners[count] = listen_at(web_address(count, text), at_port)) >= 0)
            at_port = port_of(listeners[count++]);
        if (count == addresses)
            return at_port;
        while (count > 0)
            close(listeners[--count]);
    }
    return -1;
}

void web_start(struct web *web, web_serve *serve, unsigned addresses)
{
    static int listeners[WEB_ADDRESSES_MAX];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_uint_le(addresses, WEB_ADDRESSES_MAX);
    web->log = mmap(NULL, sizeof *web->log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(web->log != MAP_FAILED);
    web->port = port = listen_everywhere(listeners, addresses);
    ck_assert_int_gt(web->port, 0);
    snprintf(web->url, sizeof web->url, "http://127.0.0.1:%d", web->port);
    pid_t parent = getpid();
    web->pid = fork();
    ck_assert_int_ge(web->pid, 0);
    if (web->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        log_shm = web->log;
        serve_page = serve;
        serve_for_ever(listeners, addresses);
        _exit(0);
    }
    for (unsigned i = 0; i < addresses; i++)
        close(listeners[i]);
}

void web_stop(struct web *web)
{
    if (web->pid > 0) {
        kill(web->pid, SIGKILL);
        waitpid(web->pid, NULL, 0);
    }
    if (web->log != NULL)
        munmap(web->log, sizeof *web->log);
    *web = (struct web){0};
}

/* ---- what was asked ---- */

static uint32_t entries(const struct web *web)
{
    return __atomic_load_n(&web->log->count, __ATOMIC_ACQUIRE);
}

unsigned web_asked(const struct web *web, const char *host, const char *path)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < entries(web); i++) {
        const struct web_entry *entry = &web->log->entries[i];
        count += (host == NULL || strcmp(entry->host, host) == 0) && (path == NULL || strcmp(entry->path, path) == 0);
    }
    return count;
}

/* Adds an entry, later than all before it, to what is known. busy: when each of those in flight ends. */
static void treat(struct web_treatment *treatment, const struct web_entry *entry, int64_t *busy, size_t room)
{
    if (treatment->requests > 0 && entry->came_ns - treatment->last_ns < treatment->gap_min_ns)
        treatment->gap_min_ns = entry->came_ns - treatment->last_ns;
    if (treatment->requests++ == 0)
        treatment->first_ns = entry->came_ns;
    treatment->last_ns = entry->came_ns;
    unsigned in_flight = 1;
    size_t place = room;
    for (size_t i = 0; i < room; i++) {
        if (busy[i] > entry->came_ns)
            in_flight++;
        else
            place = i;
    }
    if (place < room)
        busy[place] = entry->answered_ns > 0 ? entry->answered_ns : INT64_MAX;
    if (in_flight > treatment->in_flight_max)
        treatment->in_flight_max = in_flight;
}

static struct web_treatment treatment_of(const struct web *web, const char *host, unsigned address)
{
    struct web_treatment treatment = {.gap_min_ns = INT64_MAX};
    int64_t busy[64] = {0};
    for (uint32_t i = 0; i < entries(web); i++) {
        const struct web_entry *entry = &web->log->entries[i];
        if (host != NULL ? strcmp(entry->host, host) == 0 : entry->address == address)
            treat(&treatment, entry, busy, 64);
    }
    return treatment;
}

struct web_treatment web_treatment_of_host(const struct web *web, const char *host)
{
    return treatment_of(web, host, 0);
}

struct web_treatment web_treatment_of_address(const struct web *web, unsigned address)
{
    return treatment_of(web, NULL, address);
}
