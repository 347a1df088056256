/* landlock.c: no file can be opened but to read what the resolver, the dynamic linker and the certificate store need. */
#include "worker/sandbox/landlock.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/macros.h"

/* linux/landlock.h may be missing, or older than the kernel that we meet: the interface as we use it. */
#define CREATE_RULESET 444 /* the same number on every processor */
#define ADD_RULE 445
#define RESTRICT_SELF 446
#define GET_VERSION 1u
#define RULE_PATH_BENEATH 1

enum {
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_ABI_1 = (1 << 13) - 1, /* execute, write, read, list, remove, make */
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    NET_BIND_TCP = 1 << 0,
    SCOPE_ABSTRACT_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1,
};

/* The kernel takes a longer one than it knows if the rest is zero. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));
static_assert(sizeof(struct path_rule) == 12, "as the kernel has it");

/* What getaddrinfo() looks at before and for every name. */
static const char *const NAME_FILES[] = {"/etc/resolv.conf", "/etc/hosts"};

static const char *const FILES[] = {
    "/etc/nsswitch.conf", "/etc/host.conf",
    "/etc/gai.conf",      "/etc/services",
    "/etc/protocols",     "/etc/hostname",
    "/etc/mdns.allow",    "/etc/ld.so.cache",
    "/dev/urandom",       "/run/NetworkManager/resolv.conf",
    "/etc/ssl/cert.pem",  "/etc/ssl/openssl.cnf",
};

/* Where modules of the resolver, of iconv and of OpenSSL lie; the resolver's state; certificates, and what links to them lead
 * to. Not /etc/ssl or /etc/pki: private keys lie there too. */
static const char *const DIRECTORIES[] = {
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/nscd",
    "/var/cache/nscd",
    "/var/lib/sss/mc",
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/var/lib/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/pki",
    "/etc/crypto-policies",
};

int landlock_abi(void)
{
    return (int)syscall(CREATE_RULESET, NULL, 0, GET_VERSION);
}

bool landlock_is_there(void)
{
    return landlock_abi() > 0;
}

/* A rule that cannot be made leaves its files closed. */
static void allow(int rules, const char *path, uint64_t access)
{
    struct path_rule rule = {.allowed = access, .fd = path ? open(path, O_PATH | O_CLOEXEC) : -1};
    if (rule.fd < 0)
        return;
    syscall(ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0);
    close(rule.fd);
}

static void allow_all(int rules, const char *const *paths, size_t count, uint64_t access)
{
    for (size_t i = 0; i < count; i++)
        allow(rules, paths[i], access);
}

bool landlock_put_on(const struct worker_config *config)
{
    int abi = landlock_abi();
    const struct ruleset handled = {
        .fs = (uint64_t)(FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
                         (abi >= 5 ? FS_IOCTL_DEV : 0)),
        .net = abi >= 4 ? NET_BIND_TCP : 0,
        .scoped = abi >= 6 ? SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL : 0,
    };
    int rules = (int)syscall(CREATE_RULESET, &handled, sizeof handled, 0);
    if (rules < 0)
        return false;
    const curl_version_info_data *libcurl = curl_version_info(CURLVERSION_NOW);
    allow_all(rules, NAME_FILES, COUNT(NAME_FILES), FS_READ_FILE);
    allow_all(rules, FILES, COUNT(FILES), FS_READ_FILE);
    allow_all(rules, DIRECTORIES, COUNT(DIRECTORIES), FS_READ_FILE | FS_READ_DIR);
    allow(rules, getenv("HOSTALIASES"), FS_READ_FILE); /* see hostname(7) */
    allow(rules, config->fetch->ca_file, FS_READ_FILE);
    allow(rules, libcurl->cainfo, FS_READ_FILE); /* a proxy's certificate is held against it all the same */
    allow(rules, libcurl->capath, FS_READ_FILE | FS_READ_DIR);
    bool restricted = syscall(RESTRICT_SELF, rules, 0) == 0;
    close(rules);
    return restricted;
}

bool landlock_hides_names(void)
{
    for (size_t i = 0; i < COUNT(NAME_FILES); i++) {
        int fd = open(NAME_FILES[i], O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            close(fd);
        else if (errno == EACCES && access(NAME_FILES[i], R_OK) == 0) /* which no rule restricts */
            return true;
    }
    return false;
}
