/* support.c: what the suites of the engine share. */
#include "tests/support/support.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/origin/body.h"

const char *const ENGINE_NAMES[EXECUTOR_ENGINE_COUNT] = {"processes", "threads", "serial"};

int64_t now_ms(void)
{
    return clock_now_ns() / NS_PER_MS;
}

bool password_stays(void)
{
    return curl_version_info(CURLVERSION_NOW)->version_num < 0x080000;
}

/* ---- manuals ---- */

static const char *last_of(glob_t *found, const char *pattern)
{
    if (found->gl_pathc == 0 && glob(pattern, 0, NULL, found) != 0)
        return NULL;
    return found->gl_pathv[found->gl_pathc - 1];
}

const char *manual_of_postgresql(void)
{
    static glob_t found;
    return last_of(&found, "/usr/share/doc/postgresql-doc-*/html");
}

const char *manual_of_python(void)
{
    static glob_t found;
    return last_of(&found, "/usr/share/doc/python3.*-doc/html");
}

/* ---- shared memory ---- */

void shared_for(struct shared *shared, uint32_t workers, uint32_t slots)
{
    char why[256] = "";
    const struct shared_shape shape = {
        .workers = workers,
        .slots = slots,
        .done_capacity_min = 64,
        .body_stride = 1u << 20,
        .memory_bytes_max = 1u << 20,
    };
    ck_assert_msg(shared_create(shared, &shape, why, sizeof why) == STATUS_OK, "%s", why);
}

bool pidfds_are_here(void)
{
    int self = pidfd_open(getpid(), 0);
    bool are_here = self >= 0 || errno != ENOSYS;
    if (self >= 0)
        close(self);
    if (!are_here)
        puts(
            "skipped: it waits for programs by pidfd_open, which is not here\n100%: Checks: 0, Failures: 0, Errors: 0");
    return are_here;
}

bool tests_are_forked(void)
{
    const char *choice = getenv("CK_FORK");
    return !choice || strcmp(choice, "no") != 0;
}

bool enter_private_shm(unsigned kib)
{
    char size[32];
    snprintf(size, sizeof size, "size=%uk", kib);
    return tests_are_forked() && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
           mount("tmpfs", "/dev/shm", "tmpfs", 0, size) == 0;
}

static bool put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    bool is_put = fputs(text, file) >= 0;
    return fclose(file) == 0 && is_put;
}

bool enter_private_etc(const char *nsswitch)
{
    return tests_are_forked() && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
           mount("tmpfs", "/etc", "tmpfs", 0, "size=64k") == 0 && put_file("/etc/nsswitch.conf", nsswitch) &&
           put_file("/etc/hosts", "127.0.0.1 old.test\n");
}

static size_t count_entries(const char *path, const char *prefix)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    ck_assert_msg(directory != NULL, "%s: %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

bool shm_names_are_gone(void)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (count_entries("/dev/shm", "shoal.") > 0) {
        if (now_ms() > deadline_ms)
            return false;
        sched_yield();
    }
    return true;
}

/* ---- processes and descriptors ---- */

size_t bytes_not_for_children(void)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(file);
    size_t kib = 0;
    size_t sum = 0;
    for (char line[512]; fgets(line, sizeof line, file);) {
        if (strncmp(line, "Size:", 5) == 0)
            kib = strtoul(line + 5, NULL, 10);
        else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dc"))
            sum += kib << 10;
    }
    fclose(file);
    return sum;
}

size_t descriptors_open(void)
{
    return count_entries("/proc/self/fd", "") - 1; /* the directory itself */
}

size_t children_of_self(const struct origin *origin, pid_t *pids, size_t max)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    ck_assert_ptr_nonnull(children);
    for (int pid; fscanf(children, "%d", &pid) == 1;) {
        if (origin && pid == origin->pid)
            continue;
        if (count < max)
            pids[count] = pid;
        count++;
    }
    fclose(children);
    return count;
}

bool refuse_system_call(uint32_t number, uint32_t error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- an executor with its origin ---- */

bool engine_is_tested(int engine)
{
    const char *wanted = getenv("SHOAL_TEST_ENGINE");
    return wanted == NULL || wanted[0] == '\0' || strstr(wanted, ENGINE_NAMES[engine]) != NULL;
}

void add_for_each_engine(TCase *cases, const TTest *test)
{
    for (int engine = 0; engine < EXECUTOR_ENGINE_COUNT; engine++) {
        if (engine_is_tested(engine))
            tcase_add_loop_test(cases, test, engine, engine + 1);
    }
}

bool processes_are_tested(const char *suite)
{
    if (engine_is_tested(EXECUTOR_PROCESSES))
        return true;
    printf("skipped: all of %s: it is about processes, which SHOAL_TEST_ENGINE does not name\n"
           "100%%: Checks: 0, Failures: 0, Errors: 0\n",
           suite);
    return false;
}

void rig_begin(struct rig *rig, int engine)
{
    memset(rig, 0, sizeof *rig);
    ck_assert_int_eq(origin_start(&rig->origin), 0);
    executor_options_init(&rig->options);
    rig->options.engine = (enum executor_engine)engine;
    rig->options.workers = 2;
    rig->options.concurrency = 8;
}

void rig_open(struct rig *rig)
{
    char why[256];
    enum status status = executor_open(&rig->executor, &rig->options, why, sizeof why);
    ck_assert_msg(status == STATUS_OK, "%s: %s", status_name(status), why);
}

void rig_up(struct rig *rig, int engine)
{
    rig_begin(rig, engine);
    rig_open(rig);
}

void rig_down(struct rig *rig)
{
    executor_close(rig->executor);
    rig->executor = NULL;
    origin_stop(&rig->origin);
}

struct future *rig_submit(struct rig *rig, const char *path_format, ...)
{
    char path[4096];
    char url[4200];
    va_list arguments;
    va_start(arguments, path_format);
    vsnprintf(path, sizeof path, path_format, arguments);
    va_end(arguments);
    origin_url(&rig->origin, url, sizeof url, "%s", path);
    struct future *future = NULL;
    const struct request request = {.url = url};
    enum status status = executor_submit(rig->executor, &request, NET_MS, &future);
    ck_assert_msg(status == STATUS_OK, "submit %s: %s", url, status_name(status));
    ck_assert_ptr_nonnull(future);
    return future;
}

static const struct fetch_result *wait_for(struct future *future, enum status expected)
{
    const struct fetch_result *result;
    enum status status = future_result(future, NET_MS, &result);
    ck_assert_msg(status == expected, "%s: %s, not %s (%s %s)", future_url(future), status_name(status),
                  status_name(expected), result ? fetch_error_name(result->error) : "",
                  result ? result->detail : "no result");
    ck_assert_ptr_nonnull(result);
    return result;
}

const struct fetch_result *expect_ok(struct future *future)
{
    const struct fetch_result *result = wait_for(future, STATUS_OK);
    ck_assert_int_eq(result->error, FETCH_OK);
    return result;
}

const struct fetch_result *expect_error(struct future *future, enum fetch_error error)
{
    const struct fetch_result *result = wait_for(future, STATUS_FAILED);
    ck_assert_msg(result->error == error, "%s: %s (%s), not %s", future_url(future), fetch_error_name(result->error),
                  result->detail, fetch_error_name(error));
    return result;
}

void expect_cancelled(struct future *future)
{
    const struct fetch_result *result = wait_for(future, STATUS_CANCELLED);
    ck_assert_int_eq(result->error, FETCH_CANCELLED);
    ck_assert(future_cancelled(future));
    ck_assert(future_done(future));
    ck_assert(!future_running(future));
    ck_assert_str_eq(future_state(future), "cancelled");
}

void run_until_running(struct executor *executor, struct future *future)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (!future_running(future)) {
        ck_assert_msg(!future_done(future), "%s is done already", future_url(future));
        ck_assert_msg(now_ms() < deadline_ms, "%s does not start", future_url(future));
        executor_run(executor, 5);
    }
}

void expect_text_body(const struct fetch_result *result, uint64_t bytes)
{
    static char *filler;
    if (!filler)
        filler = filler_make();
    ck_assert_ptr_nonnull(filler);
    ck_assert_uint_eq(result->body_bytes, bytes);
    ck_assert_ptr_nonnull(result->body);
    for (uint64_t at = 0; at < bytes; at += FILLER_BYTES) {
        uint64_t piece = bytes - at < FILLER_BYTES ? bytes - at : FILLER_BYTES;
        ck_assert_msg(memcmp(result->body + at, filler, (size_t)piece) == 0, "the body differs from byte %llu on",
                      (unsigned long long)at);
    }
}
