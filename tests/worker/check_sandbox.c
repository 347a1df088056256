/* What a worker process gives up: a job that tries, in the worker, what each part of the sandbox forbids. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fetch_error.h"
#include "tests/support/support.h"
#include "worker/sandbox/landlock.h"
#include "worker/worker.h"

#define PID_OF_NOBODY 0x7ffffff0

static char directory[] = "/tmp/check-sandbox.XXXXXX";
static char scratch[64]; /* a file in it */
static struct executor *executor;

/* ---- the acts: each answers 0 where it can be done, else its errno ---- */

static int outcome(long result)
{
    return result < 0 ? errno : 0;
}

static int outcome_and_close(int fd)
{
    int error = outcome(fd);
    if (fd >= 0)
        close(fd);
    return error;
}

static int opens_for_reading(const char *path)
{
    return outcome_and_close(open(path, O_RDONLY | O_CLOEXEC));
}

static int read_passwd(void)
{
    return opens_for_reading("/etc/passwd");
}

static int read_own_maps(void)
{
    return opens_for_reading("/proc/self/maps");
}

static int list_root(void)
{
    return opens_for_reading("/");
}

static int read_hosts(void)
{
    return opens_for_reading("/etc/hosts");
}

static int read_resolv_conf(void)
{
    return opens_for_reading("/etc/resolv.conf");
}

static int list_certificates(void)
{
    return opens_for_reading("/etc/ssl/certs");
}

static int read_ld_cache(void)
{
    return opens_for_reading("/etc/ld.so.cache");
}

static int open_to_write(void)
{
    return outcome_and_close(open(scratch, O_WRONLY | O_CLOEXEC));
}

static int make_a_file(void)
{
    char path[80];
    snprintf(path, sizeof path, "%s-%d", scratch, (int)getpid());
    int error = outcome_and_close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    unlink(path);
    return error;
}

static int grow_a_file(void)
{
    int fd = open(scratch, O_WRONLY | O_APPEND | O_CLOEXEC);
    int error = outcome(fd < 0 ? fd : write(fd, "x", 1));
    if (fd >= 0)
        close(fd);
    return error;
}

static int write_last_words(void)
{
    return outcome(write(STDERR_FILENO, "x", 1));
}

static int change_mode(void)
{
    return outcome(chmod(scratch, 0600));
}

static int rename_a_file(void)
{
    return outcome(rename(scratch, scratch));
}

static int bind_a_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = outcome(bind(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
    return error;
}

static int listen_on_a_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = outcome(listen(fd, 1));
    close(fd);
    return error;
}

/* The test listens there. */
static socklen_t abstract_name(struct sockaddr_un *address, int pid)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int bytes = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "check-sandbox-%d", pid);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)bytes);
}

static int listener_pid; /* whose socket it is */

static int reach_an_abstract_socket(void)
{
    struct sockaddr_un address;
    socklen_t bytes = abstract_name(&address, listener_pid);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = outcome(fd < 0 ? fd : connect(fd, (struct sockaddr *)&address, bytes));
    if (fd >= 0)
        close(fd);
    return error;
}

static int signal_the_listener(void)
{
    return outcome(kill(listener_pid, 0));
}

static int signal_oneself(void)
{
    return outcome(kill(getpid(), 0));
}

static int execute(void)
{
    char *const none[] = {NULL};
    return outcome(execve("/nowhere", none, none)); /* ENOENT: it would have been done */
}

static int execute_at(void)
{
    char *const none[] = {NULL};
    return outcome(syscall(SYS_execveat, AT_FDCWD, "/nowhere", none, none, 0));
}

static int fork_a_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    int error = outcome(pid);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return error;
}

static void *end_at_once(void *nothing)
{
    return nothing;
}

static int start_a_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, end_at_once, NULL);
    if (!error)
        pthread_join(thread, NULL);
    return error;
}

static int trace(void)
{
    return outcome(ptrace(PTRACE_SEIZE, PID_OF_NOBODY, NULL, NULL)); /* ESRCH */
}

static int read_memory_of_others(void)
{
    return outcome(syscall(SYS_process_vm_readv, PID_OF_NOBODY, NULL, 0, NULL, 0, 0));
}

static int limit_others(void)
{
    struct rlimit limit;
    return outcome(prlimit(listener_pid, RLIMIT_CORE, NULL, &limit));
}

static int limit_oneself(void)
{
    struct rlimit limit;
    return outcome(prlimit(0, RLIMIT_STACK, NULL, &limit));
}

static int leave_a_namespace(void)
{
    return outcome(unshare(0));
}

static int enter_a_namespace(void)
{
    return outcome(setns(-1, 0)); /* EBADF */
}

static int clone_into_a_namespace(void)
{
    return outcome(syscall(SYS_clone, CLONE_NEWUSER | CLONE_THREAD, 0, 0, 0, 0)); /* EINVAL */
}

static int mount_something(void)
{
    return outcome(mount("none", "/nowhere", "tmpfs", 0, NULL)); /* ENOENT */
}

static int load_a_program_into_the_kernel(void)
{
    return outcome(syscall(SYS_bpf, -1, NULL, 0)); /* EINVAL */
}

static int ring_io(void)
{
    return outcome(syscall(SYS_io_uring_setup, 0, NULL)); /* EFAULT or EINVAL */
}

static int count_events(void)
{
    return outcome(syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0)); /* EFAULT */
}

static int take_a_key(void)
{
    return outcome(syscall(SYS_keyctl, -1, 0, 0, 0, 0)); /* EOPNOTSUPP */
}

static int change_personality(void)
{
    return outcome(syscall(SYS_personality, 0xffffffffu));
}

static int load_a_module(void)
{
    return outcome(syscall(SYS_finit_module, -1, "", 0)); /* EBADF */
}

static int type_into_the_terminal(void)
{
    return outcome(ioctl(-1, TIOCSTI, "x")); /* EBADF */
}

static int be_traced_again(void)
{
    return outcome(prctl(PR_SET_DUMPABLE, prctl(PR_GET_DUMPABLE) == 1, 0, 0, 0));
}

static int make_a_call_that_is_not_there_yet(void)
{
    return outcome(syscall(100000)) == ENOSYS ? 0 : EINVAL;
}

static int opens_socket(int family, int type, int protocol)
{
    return outcome_and_close(socket(family, type | SOCK_CLOEXEC, protocol));
}

static int open_packet_socket(void)
{
    return opens_socket(AF_PACKET, SOCK_RAW, 0);
}

static int open_raw_socket(void)
{
    return opens_socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
}

static int open_kernel_event_socket(void)
{
    return opens_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
}

static int open_route_socket(void)
{
    return opens_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int open_datagram_socket(void)
{
    return opens_socket(AF_INET6, SOCK_DGRAM, 0);
}

static int own_a_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = outcome(fcntl(fd, F_SETOWN, getpid()));
    close(fd);
    return error;
}

static int slow_down(void)
{
    return outcome(setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0)));
}

static int open_unix_socket(void)
{
    return opens_socket(AF_UNIX, SOCK_STREAM, 0);
}

/* States, as if they were acts: EPERM where the worker gave the thing up. */

static int leave_a_core(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    return limit.rlim_max == 0 ? EPERM : 0;
}

static int open_a_million_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max < 1000 ? EPERM : 0;
}

static int be_dumped(void)
{
    return prctl(PR_GET_DUMPABLE) == 1 ? 0 : EPERM;
}

static int gain_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) ? EPERM : 0;
}

static int use_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    int error = outcome(syscall(SYS_capget, &header, sets));
    bool has_any = (sets[0].permitted & ~(1u << CAP_DAC_READ_SEARCH)) || sets[1].permitted;
    return error ? error : has_any ? 0 : EPERM;
}

/* ---- what each part forbids ---- */

static const struct forbidden {
    const char *name;
    int (*act)(void);
    uint32_t part;
    int refusal;
    int abi; /* Landlock's, from which on */
} FORBIDDEN[] = {
    {"leave a core", leave_a_core, EXECUTOR_SANDBOX_RLIMITS, EPERM, 0},
    {"let a file grow", grow_a_file, EXECUTOR_SANDBOX_RLIMITS, EFBIG, 0},
    {"open a million files", open_a_million_files, EXECUTOR_SANDBOX_RLIMITS, EPERM, 0},
    {"gain privileges", gain_privileges, EXECUTOR_SANDBOX_PRIVS, EPERM, 0},
    {"use capabilities", use_capabilities, EXECUTOR_SANDBOX_PRIVS, EPERM, 0},
    {"be dumped", be_dumped, EXECUTOR_SANDBOX_NODUMP, EPERM, 0},
    {"read /etc/passwd", read_passwd, EXECUTOR_SANDBOX_LANDLOCK, EACCES, 1},
    {"read /proc", read_own_maps, EXECUTOR_SANDBOX_LANDLOCK, EACCES, 1},
    {"list a directory", list_root, EXECUTOR_SANDBOX_LANDLOCK, EACCES, 1},
    {"open a file to write", open_to_write, EXECUTOR_SANDBOX_LANDLOCK, EACCES, 1},
    {"make a file", make_a_file, EXECUTOR_SANDBOX_LANDLOCK, EACCES, 1},
    {"bind a port", bind_a_port, EXECUTOR_SANDBOX_LANDLOCK, EACCES, 4},
    {"reach an abstract socket", reach_an_abstract_socket, EXECUTOR_SANDBOX_LANDLOCK, EPERM, 6},
    {"signal the coordinator, by Landlock", signal_the_listener, EXECUTOR_SANDBOX_LANDLOCK, EPERM, 6},
    {"signal the coordinator", signal_the_listener, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"execute a program", execute, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"execute a program at", execute_at, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"fork", fork_a_process, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"trace", trace, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"read memory of others", read_memory_of_others, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"limit others", limit_others, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"leave a namespace", leave_a_namespace, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"enter a namespace", enter_a_namespace, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"clone into a namespace", clone_into_a_namespace, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"mount", mount_something, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"bpf", load_a_program_into_the_kernel, EXECUTOR_SANDBOX_SECCOMP, ENOSYS, 0},
    {"io_uring", ring_io, EXECUTOR_SANDBOX_SECCOMP, ENOSYS, 0},
    {"perf_event_open", count_events, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"keyctl", take_a_key, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"personality", change_personality, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"load a module", load_a_module, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"type into the terminal", type_into_the_terminal, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"be traced again", be_traced_again, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"let a socket signal", own_a_socket, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"change priorities", slow_down, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"packet socket", open_packet_socket, EXECUTOR_SANDBOX_SECCOMP, EAFNOSUPPORT, 0},
    {"raw socket", open_raw_socket, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"kernel event socket", open_kernel_event_socket, EXECUTOR_SANDBOX_SECCOMP, EAFNOSUPPORT, 0},
    {"listen", listen_on_a_port, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"change a mode", change_mode, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
    {"rename", rename_a_file, EXECUTOR_SANDBOX_SECCOMP, EPERM, 0},
};

/* What goes on as outside. */
static const struct allowed {
    const char *name;
    int (*act)(void);
} ALLOWED[] = {
    {"read /etc/hosts", read_hosts},
    {"read /etc/resolv.conf", read_resolv_conf},
    {"list /etc/ssl/certs", list_certificates},
    {"read ld.so.cache", read_ld_cache},
    {"start a thread", start_a_thread},
    {"signal oneself", signal_oneself},
    {"ask for one's own limits", limit_oneself},
    {"route socket", open_route_socket},
    {"datagram socket", open_datagram_socket},
    {"a call that is not there yet", make_a_call_that_is_not_there_yet},
    {"write last words", write_last_words},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the job that acts ---- */

struct job {
    struct worker *worker;
};

static enum status probe_open(struct job **job, struct worker *worker)
{
    *job = malloc(sizeof **job);
    if (!*job)
        return STATUS_OUT_OF_MEMORY;
    (*job)->worker = worker;
    return STATUS_OK;
}

static int act_named(const char *name)
{
    for (size_t i = 0; i < COUNT(FORBIDDEN); i++) {
        if (strcmp(FORBIDDEN[i].name, name) == 0)
            return FORBIDDEN[i].act();
    }
    for (size_t i = 0; i < COUNT(ALLOWED); i++) {
        if (strcmp(ALLOWED[i].name, name) == 0)
            return ALLOWED[i].act();
    }
    return strcmp(name, "unix socket") == 0 ? open_unix_socket() : -1;
}

/* "crash first, then NAME" does it in quarantine. */
static void probe_start(struct job *job, const struct claim *claim)
{
    static const char CRASH[] = "crash first, then ";
    const struct worker_config *config = worker_config_of(job->worker);
    struct result_shm *result = worker_result(job->worker, claim->slot);
    const char *name = (const char *)config->shared->bodies + claim->slot * config->shared->body_stride;
    if (strncmp(name, CRASH, strlen(CRASH)) == 0) {
        name += strlen(CRASH);
        if (config->ring != RING_QUARANTINE)
            kill(getpid(), SIGSEGV);
    }
    memset(result, 0, offsetof(struct result_shm, page_offset));
    result->retry_after_s = -1;
    result->content_type[0] = result->remote_ip[0] = result->detail[0] = '\0';
    result->os_errno = act_named(name);
    worker_publish(job->worker, claim);
}

static void probe_cancel(struct job *job, uint32_t slot)
{
    (void)job;
    (void)slot;
}

static void probe_ready(struct job *job, int fd, uint32_t events)
{
    (void)job;
    (void)fd;
    (void)events;
}

static void probe_turn(struct job *job)
{
    (void)job;
}

static int64_t probe_deadline_ns(const struct job *job)
{
    (void)job;
    return INT64_MAX;
}

static void probe_close(struct job *job)
{
    free(job);
}

static const struct job_ops probe_job = {.name = "probe",
                                         .open = probe_open,
                                         .start = probe_start,
                                         .cancel = probe_cancel,
                                         .ready = probe_ready,
                                         .turn = probe_turn,
                                         .deadline_ns = probe_deadline_ns,
                                         .memory_freed = probe_turn,
                                         .close = probe_close};

/* ---- fixture ---- */

static int listener_fd;

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(scratch, sizeof scratch, "%s/file", directory);
    int fd = open(scratch, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    struct sockaddr_un address;
    listener_pid = getpid();
    socklen_t bytes = abstract_name(&address, listener_pid);
    listener_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener_fd, (struct sockaddr *)&address, bytes), 0);
    ck_assert_int_eq(listen(listener_fd, 64), 0);
}

static void tear_down(void)
{
    executor_close(executor);
    executor = NULL;
    close(listener_fd);
    unlink(scratch);
    rmdir(directory);
}

static void up_with(const struct executor_options *changed)
{
    struct executor_options options = *changed;
    char why[256];
    options.engine = EXECUTOR_PROCESSES;
    options.workers = 1;
    options.concurrency = 4;
    options.keep = EXECUTOR_KEEP_NOTHING;
    options.job = &probe_job;
    ck_assert_msg(executor_open(&executor, &options, why, sizeof why) == STATUS_OK, "%s", why);
}

static void up(uint32_t sandbox)
{
    struct executor_options options;
    executor_options_init(&options);
    options.sandbox = sandbox;
    up_with(&options);
}

static void down(void)
{
    executor_close(executor);
    executor = NULL;
}

/* Standard error of this test, and of its workers, goes there. */
static void send_stderr_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
}

/* What a worker answers. */
static int try_in_worker(const char *text)
{
    struct future *future;
    const struct request request = {.url = text};
    ck_assert_int_eq(executor_submit(executor, &request, NET_MS, &future), STATUS_OK);
    int answer = expect_ok(future)->os_errno;
    future_release(future);
    return answer;
}

static int try_with(uint32_t sandbox, const char *name)
{
    up(sandbox);
    int answer = try_in_worker(name);
    down();
    return answer;
}

static uint32_t sandbox_in_force(void)
{
    struct executor_stats stats;
    executor_stats(executor, &stats);
    return stats.sandbox;
}

#define CALL_LANDLOCK_CREATE 444u
#define CALL_LANDLOCK_RESTRICT 446u

/* ---- tests ---- */

START_TEST(each_part_alone_forbids_what_it_is_there_for)
{
    const struct forbidden *row = &FORBIDDEN[_i];
    if (worker_sandbox_missing(row->part) || landlock_abi() < row->abi)
        return; /* this kernel has it not, or not yet */
    if (row->act == grow_a_file)
        send_stderr_to("/dev/null"); /* where it is a file, it may grow */
    ck_assert_msg(try_with(row->part, row->name) == row->refusal, "%s", row->name);
}
END_TEST

START_TEST(what_a_part_forbids_can_be_done_without_it)
{
    const struct forbidden *row = &FORBIDDEN[_i];
    int outside = row->act();
    int answer = try_with(EXECUTOR_SANDBOX_NONE, row->name);
    ck_assert_msg(answer == outside, "%s: %s, not %s", row->name, strerror(answer), strerror(outside));
    if (geteuid() == 0 && row->act != gain_privileges)
        ck_assert_msg(answer != row->refusal, "%s: %s outside as well", row->name, strerror(outside));
}
END_TEST

START_TEST(all_parts_together_forbid_all)
{
    up(EXECUTOR_SANDBOX_ALL);
    for (size_t i = 0; i < COUNT(FORBIDDEN); i++) {
        const struct forbidden *row = &FORBIDDEN[i];
        if (worker_sandbox_missing(row->part) || landlock_abi() < row->abi)
            continue;
        int answer = try_in_worker(row->name);
        ck_assert_msg(answer == EACCES || answer == EPERM || answer == EAFNOSUPPORT || answer == row->refusal, "%s: %s",
                      row->name, strerror(answer));
    }
    ck_assert_uint_eq(sandbox_in_force(), EXECUTOR_SANDBOX_ALL & ~worker_sandbox_missing(EXECUTOR_SANDBOX_ALL));
}
END_TEST

START_TEST(what_a_worker_needs_goes_on_as_outside)
{
    send_stderr_to(scratch);
    up(EXECUTOR_SANDBOX_ALL);
    for (size_t i = 0; i < COUNT(ALLOWED); i++) {
        int outside = ALLOWED[i].act();
        int answer = try_in_worker(ALLOWED[i].name);
        ck_assert_msg(answer == outside, "%s: %s, not %s", ALLOWED[i].name, strerror(answer), strerror(outside));
    }
}
END_TEST

static const struct {
    const char *nsswitch;
    int outcome;
} LOOKUPS[] = {
    {"hosts: files dns\n", EAFNOSUPPORT},
    {"passwd: files systemd\n\n  hosts:\tfiles myhostname [NOTFOUND=return] dns # not mdns\n", EAFNOSUPPORT},
    {"# hosts: resolve\n", EAFNOSUPPORT},
    {"hosts:files[SUCCESS=return]dns", EAFNOSUPPORT},
    {"hosts: files resolve [!UNAVAIL=return] dns\n", 0},
    {"hosts: files mdns4_minimal [NOTFOUND=return] dns\n", 0},
    {"hosts: [", EAFNOSUPPORT},
    {"hosts: sss", 0},
};

/* Of what else listens on such sockets, much starts programs for whoever asks. */
START_TEST(a_unix_socket_can_be_had_only_where_names_are_asked_of_daemons)
{
    if (worker_sandbox_missing(EXECUTOR_SANDBOX_SECCOMP) || access("/run/nscd/socket", F_OK) == 0)
        return;
    if (!enter_private_etc(LOOKUPS[_i].nsswitch)) {
        printf("skipped: no mounts of one's own\n");
        return;
    }
    ck_assert_int_eq(try_with(EXECUTOR_SANDBOX_SECCOMP, "unix socket"), LOOKUPS[_i].outcome);
}
END_TEST

START_TEST(a_standard_error_that_is_a_file_still_takes_what_a_worker_says)
{
    send_stderr_to(scratch);
    up(EXECUTOR_SANDBOX_ALL);
    ck_assert_int_eq(try_in_worker("write last words"), 0);
    struct stat about;
    ck_assert_int_eq(stat(scratch, &about), 0);
    ck_assert_int_gt(about.st_size, 0);
}
END_TEST

START_TEST(all_is_the_default)
{
#if !defined(SHOAL_SANITIZED) && !defined(SHOAL_COVERAGE)
    struct executor_options options;
    executor_options_init(&options);
    ck_assert_uint_eq(options.sandbox, EXECUTOR_SANDBOX_ALL);
#endif
}
END_TEST

START_TEST(every_life_of_a_worker_is_confined)
{
    struct executor_options options;
    executor_options_init(&options);
    options.sandbox = EXECUTOR_SANDBOX_SECCOMP;
    options.tasks_per_worker_max = 1;
    up_with(&options);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(try_in_worker("execute a program"), EPERM);
}
END_TEST

START_TEST(the_worker_of_the_quarantine_is_confined)
{
    up(EXECUTOR_SANDBOX_SECCOMP);
    ck_assert_int_eq(try_in_worker("crash first, then execute a program"), EPERM);
    struct executor_stats stats;
    executor_stats(executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 1);
}
END_TEST

START_TEST(landlock_and_seccomp_bring_no_new_privileges_with_them)
{
    static const uint32_t PARTS[] = {EXECUTOR_SANDBOX_SECCOMP, EXECUTOR_SANDBOX_LANDLOCK};
    if (worker_sandbox_missing(PARTS[_i]))
        return;
    up(PARTS[_i]);
    ck_assert_int_eq(try_in_worker("gain privileges"), EPERM);
    ck_assert_uint_eq(sandbox_in_force(), PARTS[_i] | EXECUTOR_SANDBOX_PRIVS);
    down();
    ck_assert(refuse_system_call(SYS_capset, EPERM));
    up(PARTS[_i]);
    ck_assert_int_eq(try_in_worker("signal oneself"), 0);
    ck_assert_uint_eq(sandbox_in_force(), PARTS[_i] | (geteuid() == 0 ? 0 : EXECUTOR_SANDBOX_PRIVS));
}
END_TEST

START_TEST(the_coordinator_itself_is_not_confined)
{
    up(EXECUTOR_SANDBOX_ALL);
    ck_assert_int_eq(try_in_worker("signal oneself"), 0);
    ck_assert_int_eq(read_passwd(), 0);
    ck_assert_int_eq(fork_a_process(), 0);
    ck_assert_int_eq(gain_privileges(), 0);
    ck_assert_int_eq(be_dumped(), 0);
}
END_TEST

START_TEST(the_engines_without_a_process_of_their_own_confine_nobody)
{
    struct executor_options options;
    executor_options_init(&options);
    options.engine = (enum executor_engine)_i;
    options.sandbox = EXECUTOR_SANDBOX_ALL;
    options.job = &probe_job;
    ck_assert_int_eq(executor_open(&executor, &options, NULL, 0), STATUS_OK);
    ck_assert_int_eq(try_in_worker("read /etc/passwd"), 0);
    ck_assert_int_eq(try_in_worker("fork"), 0);
    ck_assert_int_eq(gain_privileges(), 0);
    ck_assert_uint_eq(sandbox_in_force(), EXECUTOR_SANDBOX_NONE);
}
END_TEST

START_TEST(an_unknown_part_is_refused)
{
    struct executor_options options;
    char why[256];
    executor_options_init(&options);
    options.sandbox = EXECUTOR_SANDBOX_ALL + 1;
    ck_assert_int_eq(executor_open(&executor, &options, why, sizeof why), STATUS_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(why, "sandbox"));
}
END_TEST

START_TEST(without_landlock_in_the_kernel_there_is_one_note_and_the_rest_holds)
{
    ck_assert(refuse_system_call(CALL_LANDLOCK_CREATE, ENOSYS));
    up(EXECUTOR_SANDBOX_ALL);
    ck_assert_str_eq(executor_note(executor),
                     "this kernel does not grant landlock: workers run without that part of the sandbox (--sandbox)");
    ck_assert_int_eq(try_in_worker("read /etc/passwd"), 0);
    ck_assert_int_eq(try_in_worker("execute a program"), EPERM);
    ck_assert_uint_eq(sandbox_in_force(), EXECUTOR_SANDBOX_ALL & ~(uint32_t)EXECUTOR_SANDBOX_LANDLOCK);
}
END_TEST

START_TEST(without_seccomp_in_the_kernel_there_is_one_note_and_the_rest_holds)
{
    if (worker_sandbox_missing(EXECUTOR_SANDBOX_LANDLOCK))
        return;
    ck_assert(refuse_system_call(SYS_seccomp, ENOSYS));
    up(EXECUTOR_SANDBOX_ALL);
    ck_assert_str_eq(executor_note(executor),
                     "this kernel does not grant seccomp: workers run without that part of the sandbox (--sandbox)");
    ck_assert_int_eq(try_in_worker("read /etc/passwd"), EACCES);
    ck_assert_int_eq(try_in_worker("execute a program"), ENOENT);
}
END_TEST

START_TEST(what_is_not_asked_for_is_not_missed)
{
    ck_assert(refuse_system_call(CALL_LANDLOCK_CREATE, ENOSYS));
    up(EXECUTOR_SANDBOX_RLIMITS | EXECUTOR_SANDBOX_SECCOMP);
    ck_assert_ptr_null(executor_note(executor));
}
END_TEST

/* As in the seventeenth Landlock domain within another. */
START_TEST(what_a_worker_is_refused_although_it_is_there_shows_in_the_stats)
{
    if (worker_sandbox_missing(EXECUTOR_SANDBOX_LANDLOCK))
        return;
    ck_assert(refuse_system_call(CALL_LANDLOCK_RESTRICT, E2BIG));
    up(EXECUTOR_SANDBOX_ALL);
    ck_assert_ptr_null(executor_note(executor));
    ck_assert_int_eq(try_in_worker("read /etc/passwd"), 0);
    ck_assert_int_eq(try_in_worker("execute a program"), EPERM);
    ck_assert_uint_eq(sandbox_in_force(), EXECUTOR_SANDBOX_ALL & ~(uint32_t)EXECUTOR_SANDBOX_LANDLOCK);
}
END_TEST

static Suite *sandbox_suite(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *parts = tcase_create("parts");
    tcase_set_timeout(parts, 60);
    tcase_add_checked_fixture(parts, set_up, tear_down);
    tcase_add_loop_test(parts, each_part_alone_forbids_what_it_is_there_for, 0, COUNT(FORBIDDEN));
    tcase_add_loop_test(parts, what_a_part_forbids_can_be_done_without_it, 0, COUNT(FORBIDDEN));
    tcase_add_test(parts, all_parts_together_forbid_all);
    tcase_add_test(parts, what_a_worker_needs_goes_on_as_outside);
    tcase_add_loop_test(parts, a_unix_socket_can_be_had_only_where_names_are_asked_of_daemons, 0, COUNT(LOOKUPS));
    tcase_add_test(parts, a_standard_error_that_is_a_file_still_takes_what_a_worker_says);
    tcase_add_test(parts, all_is_the_default);
    tcase_add_test(parts, every_life_of_a_worker_is_confined);
    tcase_add_test(parts, the_worker_of_the_quarantine_is_confined);
    tcase_add_loop_test(parts, landlock_and_seccomp_bring_no_new_privileges_with_them, 0, 2);
    tcase_add_test(parts, the_coordinator_itself_is_not_confined);
    tcase_add_loop_test(parts, the_engines_without_a_process_of_their_own_confine_nobody, EXECUTOR_THREADS,
                        EXECUTOR_ENGINE_COUNT);
    tcase_add_test(parts, an_unknown_part_is_refused);
    tcase_add_test(parts, without_landlock_in_the_kernel_there_is_one_note_and_the_rest_holds);
    tcase_add_test(parts, without_seccomp_in_the_kernel_there_is_one_note_and_the_rest_holds);
    tcase_add_test(parts, what_is_not_asked_for_is_not_missed);
    tcase_add_test(parts, what_a_worker_is_refused_although_it_is_there_shows_in_the_stats);
    suite_add_tcase(suite, parts);
    return suite;
}

int main(void)
{
    if (!processes_are_tested("sandbox"))
        return EXIT_SUCCESS;
    SRunner *runner = srunner_create(sandbox_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
