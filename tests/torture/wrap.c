/* wrap.c: stands between our objects and the calls that may fail, put there by the linker (--wrap: calls from libraries pass by).
 *
 *     TORTURE=function:nth[+][:errno]    the nth call of that function fails; +: and every one after it
 *     TORTURE_REPORT=file                what was called how often, and what the first process left unfreed and open
 *
 * Calls are counted over all processes of a run together, so one fault is one fault. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define BLOCKS_MAX (1u << 16)

#define FUNCTIONS(each) \
    each(malloc, ENOMEM) each(calloc, ENOMEM) each(realloc, ENOMEM) each(strdup, ENOMEM) each(libcurl_malloc, ENOMEM) \
        each(mmap, ENOMEM) each(fallocate, ENOSPC) each(posix_fallocate, ENOSPC) each(ftruncate, EFBIG) \
            each(shm_open, EMFILE) each(fork, EAGAIN) each(pthread_create, EAGAIN) each(socket, EMFILE) \
                each(open, EMFILE) each(openat, EMFILE) each(fopen, EMFILE) each(write, EIO) each(send, ECONNRESET) \
                    each(read, EIO) each(pipe2, EMFILE) each(eventfd, EMFILE) each(epoll_create1, EMFILE) \
                        each(epoll_ctl, ENOSPC) each(epoll_wait, EINTR) each(poll, EINTR) each(signalfd, EMFILE) \
                            each(pidfd_open, EMFILE) each(mkdir, ENOSPC) each(mkdirat, ENOSPC) each(renameat, EIO) \
                                each(fcntl, EMFILE) each(dup2, EMFILE) each(getrandom, EAGAIN) each(sem_init, ENOSYS) \
                                    each(fstat, EIO)

#define NUMBER(name, error) F_##name,
enum function { FUNCTIONS(NUMBER) F_COUNT };
#define NAME(name, error) [F_##name] = #name,
static const char *const NAMES[F_COUNT] = {FUNCTIONS(NAME)};
#define USUAL(name, error) [F_##name] = (error),
static const int ERRORS[F_COUNT] = {FUNCTIONS(USUAL)};

struct shared_counts {
    _Atomic unsigned long calls[F_COUNT];
    _Atomic unsigned long failed;
    _Atomic int failed_in; /* process */
};

static struct shared_counts *counts;
static enum function wanted = F_COUNT;
static unsigned long wanted_nth;
static bool wanted_again;
static int wanted_errno;
static pid_t first_process;
static int descriptors_before;

static void *blocks[BLOCKS_MAX]; /* a hash table of what our objects have allocated */
static _Atomic long block_count;
static atomic_flag blocks_lock = ATOMIC_FLAG_INIT;

/* ---- which call fails ---- */

static bool must_fail(enum function function)
{
    if (!counts)
        return false;
    unsigned long nth = atomic_fetch_add(&counts->calls[function], 1) + 1;
    if (function != wanted || !(nth == wanted_nth || (wanted_again && nth > wanted_nth)))
        return false;
    if (atomic_fetch_add(&counts->failed, 1) == 0)
        atomic_store(&counts->failed_in, (int)getpid());
    errno = wanted_errno;
    return true;
}

static void read_wish(const char *wish)
{
    const char *colon = wish ? strchr(wish, ':') : NULL;
    for (int i = 0; colon && i < F_COUNT; i++) {
        size_t bytes = strlen(NAMES[i]);
        if (bytes == (size_t)(colon - wish) && memcmp(wish, NAMES[i], bytes) == 0)
            wanted = (enum function)i;
    }
    if (wanted == F_COUNT)
        return;
    char *end;
    wanted_nth = strtoul(colon + 1, &end, 10);
    wanted_again = *end == '+';
    const char *error = strchr(end, ':');
    wanted_errno = error ? (int)strtol(error + 1, NULL, 10) : ERRORS[wanted];
}

/* ---- what is left in the end ---- */

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static uint32_t place_of(const void *block)
{
    return (uint32_t)(((uintptr_t)block >> 4) * 2654435761u) % BLOCKS_MAX;
}

static void lock_blocks(void)
{
    while (atomic_flag_test_and_set_explicit(&blocks_lock, memory_order_acquire))
        ;
}

static void unlock_blocks(void)
{
    atomic_flag_clear_explicit(&blocks_lock, memory_order_release);
}

static void *note_block(void *block)
{
    if (!block)
        return block;
    lock_blocks();
    uint32_t at = place_of(block);
    for (uint32_t i = 0; blocks[at] && i < BLOCKS_MAX; i++)
        at = (at + 1) % BLOCKS_MAX;
    blocks[at] = block;
    atomic_fetch_add(&block_count, 1);
    unlock_blocks();
    return block;
}

/* Closes the gap that a removal leaves, as linear probing must. */
static void close_gap(uint32_t gap)
{
    for (uint32_t at = (gap + 1) % BLOCKS_MAX; blocks[at]; at = (at + 1) % BLOCKS_MAX) {
        uint32_t home = place_of(blocks[at]);
        bool stays = gap <= at ? gap < home && home <= at : gap < home || home <= at;
        if (stays)
            continue;
        blocks[gap] = blocks[at];
        blocks[at] = NULL;
        gap = at;
    }
}

static void forget_block(const void *block)
{
    if (!block)
        return;
    lock_blocks();
    for (uint32_t at = place_of(block); blocks[at]; at = (at + 1) % BLOCKS_MAX) {
        if (blocks[at] != block)
            continue;
        blocks[at] = NULL;
        atomic_fetch_sub(&block_count, 1);
        close_gap(at);
        break;
    }
    unlock_blocks();
}

__attribute__((constructor)) static void begin(void)
{
    first_process = getpid();
    descriptors_before = count_descriptors();
    read_wish(getenv("TORTURE"));
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        counts = NULL;
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("TORTURE_REPORT");
    wanted = F_COUNT;
    if (!counts || getpid() != first_process || !path)
        return;
    long left = atomic_load(&block_count);
    int open_more = count_descriptors() - descriptors_before;
    FILE *file = fopen(path, "we");
    if (!file)
        return;
    for (int i = 0; i < F_COUNT; i++)
        fprintf(file, "calls %s %lu\n", NAMES[i], atomic_load(&counts->calls[i]));
    fprintf(file, "failed %lu %s\n", atomic_load(&counts->failed),
            atomic_load(&counts->failed_in) == first_process ? "coordinator" : "worker");
    fprintf(file, "blocks %ld\ndescriptors %d\n", left, open_more);
    fclose(file);
}

/* ---- the calls ---- */

#define WRAP(type, name, parameters, arguments, failure) \
    type __real_##name parameters; \
    type __wrap_##name parameters; \
    type __wrap_##name parameters \
    { \
        return must_fail(F_##name) ? (failure) : __real_##name arguments; \
    }

struct epoll_event;
struct stat;
struct pollfd;

WRAP(void *, mmap, (void *at, size_t bytes, int protection, int flags, int fd, off_t offset),
     (at, bytes, protection, flags, fd, offset), MAP_FAILED)
WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t bytes), (fd, mode, offset, bytes), -1)
WRAP(int, posix_fallocate, (int fd, off_t offset, off_t bytes), (fd, offset, bytes), wanted_errno)
WRAP(int, ftruncate, (int fd, off_t bytes), (fd, bytes), -1)
WRAP(int, shm_open, (const char *name, int flags, mode_t mode), (name, flags, mode), -1)
WRAP(pid_t, fork, (void), (), -1)
WRAP(int, pthread_create, (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context),
     (thread, attributes, run, context), wanted_errno)
WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
WRAP(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count), -1)
WRAP(ssize_t, send, (int fd, const void *bytes, size_t count, int flags), (fd, bytes, count, flags), -1)
WRAP(ssize_t, read, (int fd, void *bytes, size_t count), (fd, bytes, count), -1)
WRAP(int, pipe2, (int *fds, int flags), (fds, flags), -1)
WRAP(int, eventfd, (unsigned value, int flags), (value, flags), -1)
WRAP(int, epoll_create1, (int flags), (flags), -1)
WRAP(int, epoll_ctl, (int set, int operation, int fd, struct epoll_event *event), (set, operation, fd, event), -1)
WRAP(int, epoll_wait, (int set, struct epoll_event *events, int max, int ms), (set, events, max, ms), -1)
WRAP(int, poll, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms), -1)
WRAP(int, signalfd, (int fd, const void *mask, int flags), (fd, mask, flags), -1)
WRAP(int, pidfd_open, (pid_t pid, unsigned flags), (pid, flags), -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
WRAP(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode), -1)
WRAP(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new), -1)
WRAP(int, dup2, (int old, int new), (old, new), -1)
WRAP(ssize_t, getrandom, (void *bytes, size_t count, unsigned flags), (bytes, count, flags), -1)
WRAP(int, sem_init, (void *semaphore, int shared, unsigned value), (semaphore, shared, value), -1)
WRAP(int, fstat, (int fd, struct stat *about), (fd, about), -1)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return must_fail(F_open) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return must_fail(F_openat) ? -1 : __real_openat(at, path, flags, mode);
}

/* Asking for flags does not fail; making a descriptor may. */
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (command == F_DUPFD_CLOEXEC && must_fail(F_fcntl))
        return -1;
    return __real_fcntl(fd, command, argument);
}

/* ---- memory ---- */

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    return must_fail(F_malloc) ? NULL : note_block(__real_malloc(bytes));
}

/* What worker/fetch/memory.c calls in place of malloc(): see torture.mk. */
void *torture_libcurl_malloc(size_t bytes);
void *torture_libcurl_malloc(size_t bytes)
{
    return must_fail(F_libcurl_malloc) ? NULL : __real_malloc(bytes);
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
    return must_fail(F_calloc) ? NULL : note_block(__real_calloc(count, bytes));
}

void *__real_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes)
{
    if (must_fail(F_realloc))
        return NULL;
    forget_block(block);
    return note_block(__real_realloc(block, bytes));
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return must_fail(F_strdup) ? NULL : note_block(__real_strdup(text));
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    forget_block(block);
    __real_free(block);
}
