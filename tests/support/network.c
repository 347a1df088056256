/* network.c: A network of the test's own, with nothing but a loopback device. Section numbers are those of RFC 1035. */
#include "tests/support/network.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/support.h"

enum { HEADER_BYTES = 12, ANSWER_BYTES_MAX = 512, TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, NAME_BYTES_MAX = 255 };
enum { KEYS_MAX = 64 };

bool network_enter(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    struct sockaddr_in at = {.sin_family = AF_INET};
    if (unshare(CLONE_NEWNET) != 0) {
        fprintf(stderr, "skipped: no network namespace\n");
        return false;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    bool is_up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    memcpy(request.ifr_name, "lo:1", sizeof "lo:1");
    inet_pton(AF_INET, PUBLIC_ADDRESS, &at.sin_addr);
    memcpy(&request.ifr_addr, &at, sizeof at);
    is_up = is_up && ioctl(fd, SIOCSIFADDR, &request) == 0;
    close(fd);
    return is_up;
}

/* ---- the name server ---- */

struct answer {
    uint8_t bytes[ANSWER_BYTES_MAX];
    size_t count;
    unsigned records;
};

static void put(struct answer *answer, const void *bytes, size_t count)
{
    if (answer->count + count <= sizeof answer->bytes) {
        memcpy(answer->bytes + answer->count, bytes, count);
        answer->count += count;
    }
}

/* 4.1.3: for the name asked for, or, with of_alias, for that of the record before. */
static void put_record(struct answer *answer, unsigned type, const void *data, uint8_t bytes, size_t name_at)
{
    const uint8_t head[] = {0xc0, (uint8_t)name_at, 0, (uint8_t)type, 0, 1, 0, 0, 0, 0, 0, bytes};
    if (answer->count + sizeof head + bytes > sizeof answer->bytes) {
        return;
    }
    put(answer, head, sizeof head);
    put(answer, data, bytes);
    answer->records++;
}

static void put_address(struct answer *answer, int family, const char *text)
{
    uint8_t address[16];
    if (inet_pton(family, text, address) == 1) {
        put_record(answer, family == AF_INET ? TYPE_A : TYPE_AAAA, address, family == AF_INET ? 4 : 16, HEADER_BYTES);
    }
}

/* The question's name with dots; returns the bytes that it takes, 0 when it is none. */
static size_t read_name(const uint8_t *at, size_t bytes, char name[NAME_BYTES_MAX + 1])
{
    size_t used = 0;
    size_t length = 0;
    while (used < bytes && at[used] != 0) {
        size_t label = at[used++];
        if (label > 63 || used + label > bytes || length + label + 1 > NAME_BYTES_MAX) {
            return 0;
        }
        memcpy(name + length, at + used, label);
        length += label;
        name[length++] = '.';
        used += label;
    }
    name[length > 0 ? length - 1 : 0] = '\0';
    return used < bytes ? used + 1 : 0;
}

/* Whether this key is asked for the first time. */
static bool is_first(const char *name)
{
    static char seen[KEYS_MAX][NAME_BYTES_MAX + 1];
    static size_t count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(seen[i], name) == 0) {
            return false;
        }
    }
    if (count < KEYS_MAX) {
        snprintf(seen[count++], sizeof seen[0], "%s", name);
    }
    return true;
}

static void answer_ipv4(struct answer *answer, char *name)
{
    char *is = strstr(name, ".is.example");
    if (is != NULL) {
        *is = '\0';
        for (char *dash; (dash = strchr(name, '-')) != NULL;) {
            *dash = '.';
        }
        put_address(answer, AF_INET, name);
    } else if (strstr(name, ".rebind.example") != NULL) {
        put_address(answer, AF_INET, is_first(name) ? PUBLIC_ADDRESS : "127.0.0.1");
    } else if (strcmp(name, "many.example") == 0) {
        for (unsigned i = 1; i <= 28; i++) {
            char text[INET_ADDRSTRLEN];
            snprintf(text, sizeof text, "127.0.1.%u", i);
            put_address(answer, AF_INET, text);
        }
    } else if (strcmp(name, "alias.example") == 0) {
        static const uint8_t LOOPBACK[] = {127, 0, 0, 1};
        size_t alias_at = answer->count + HEADER_BYTES; /* where the CNAME's data will begin */
        put_record(answer, TYPE_CNAME,
                   "\x09"
                   "127-0-0-1\2is\7example",
                   22, HEADER_BYTES);
        put_record(answer, TYPE_A, LOOPBACK, sizeof LOOPBACK, alias_at);
    }
}

static void answer_ipv6(struct answer *answer, const char *name)
{
    static const char *const NAMES[][2] = {
        {"mapped.example", "::ffff:127.0.0.1"},
        {"nat64.example", "64:ff9b::127.0.0.1"},
        {"loop6.example", "::1"},
        {"local6.example", "fe80::1"},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(name, NAMES[i][0]) == 0) {
            put_address(answer, AF_INET6, NAMES[i][1]);
        }
    }
}

/* False: nothing is to be said. */
static bool make_answer(struct answer *answer, const uint8_t *question, size_t bytes)
{
    char name[NAME_BYTES_MAX + 1];
    size_t name_bytes = bytes > HEADER_BYTES ? read_name(question + HEADER_BYTES, bytes - HEADER_BYTES, name) : 0;
    size_t question_bytes = HEADER_BYTES + name_bytes + 4;
    if (name_bytes == 0 || question_bytes > bytes || strcmp(name, "hang.example") == 0) {
        return false;
    }
    *answer = (struct answer){.count = 0};
    put(answer, question, question_bytes); /* behind it, EDNS may ask for more: it does not get it */
    unsigned type = question[question_bytes - 3];
    if (strcmp(name, "junk.example") == 0) {
        memset(answer->bytes + 2, 0xff, answer->count - 2);
        return true;
    }
    bool exists = strstr(name, ".example") != NULL && strncmp(name, "none", 4) != 0;
    if (type == TYPE_A) {
        answer_ipv4(answer, name);
    } else if (type == TYPE_AAAA) {
        answer_ipv6(answer, name);
    }
    const uint8_t flags[] = {0x84, exists ? 0 : 3, 0, 1, 0, (uint8_t)answer->records, 0, 0, 0, 0};
    memcpy(answer->bytes + 2, flags, sizeof flags);
    return true;
}

static _Noreturn void serve_names(int fd)
{
    for (;;) {
        uint8_t question[4096];
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof from;
        struct answer answer;
        ssize_t got = recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &from_bytes);
        if (got > 0 && make_answer(&answer, question, (size_t)got)) {
            sendto(fd, answer.bytes, answer.count, 0, (const struct sockaddr *)&from, from_bytes);
        }
    }
}

static bool use_own_resolver(void)
{
    char path[] = "/tmp/shoal-resolv-XXXXXX";
    static const char TEXT[] = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
    int fd = mkstemp(path);
    bool used = fd >= 0 && write(fd, TEXT, sizeof TEXT - 1) == sizeof TEXT - 1 && tests_are_forked() &&
                unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
                mount(path, "/etc/resolv.conf", "none", MS_BIND, "") == 0;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    if (!used) {
        fprintf(stderr, "skipped: no mount namespace\n");
    }
    return used;
}

bool network_resolve(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!use_own_resolver()) {
        return false;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return false;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            serve_names(fd);
        }
        _exit(EXIT_FAILURE);
    }
    close(fd);
    return pid > 0;
}
