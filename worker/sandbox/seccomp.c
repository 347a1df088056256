/* seccomp.c: system calls that no worker makes are answered with an error. */
#include "worker/sandbox/seccomp.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/check.h"
#include "common/macros.h"

#if defined __x86_64__
#define PROCESSOR AUDIT_ARCH_X86_64
#elif defined __aarch64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PROCESSOR AUDIT_ARCH_AARCH64
#endif

#ifdef PROCESSOR

#define NUMBER_MAX 470u /* of the calls that Linux had when this was written; those of x32 lie far above */
#define FILTER_MAX 512u
#define STRIDE 32u
#define ARGUMENTS_MAX 4u
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))
#define NEW_NAMESPACES \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define NUMBER_AT offsetof(struct seccomp_data, nr)
#define ARGUMENT_AT(n) (offsetof(struct seccomp_data, args) + 8 * (n)) /* its low half: that is all that is looked at */

/* Newer than the headers of Debian 12; the same on every processor. */
enum {
    CALL_FCHMODAT2 = 452,
    CALL_SETXATTRAT = 463,
    CALL_REMOVEXATTRAT = 466,
    CALL_OPEN_TREE_ATTR,
    CALL_FILE_SETATTR = 469
};

/* What a page costs: first, for kernels that have no bitmap. */
static const uint16_t OFTEN[] = {
    SYS_sendto, SYS_recvfrom,   SYS_epoll_ctl, SYS_epoll_pwait,
#ifdef SYS_poll
    SYS_poll,   SYS_epoll_wait,
#endif
    SYS_ppoll,  SYS_read,       SYS_write,     SYS_close,       SYS_futex, SYS_fallocate,
};

/* glibc falls back to clone(), whose flags can be looked at; openat2() to nothing: nobody here needs it. */
static const uint16_t ABSENT[] = {
    SYS_clone3,      SYS_openat2,      SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    SYS_userfaultfd, SYS_memfd_secret, SYS_io_setup,       SYS_vmsplice,       SYS_bpf,
};

static const uint16_t REFUSED[] = {
    /* other programs, other processes */
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_kcmp,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_tkill,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_perf_event_open,
    SYS_setns,
    SYS_unshare,
    SYS_personality,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setattr,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setaffinity,
    /* other users */
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    /* file systems */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    CALL_OPEN_TREE_ATTR,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_swapon,
    SYS_swapoff,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    /* files: what Landlock does not know of, and what it does where it is missing */
    SYS_fchmod,
    SYS_fchmodat,
    CALL_FCHMODAT2,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    CALL_SETXATTRAT,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    CALL_REMOVEXATTRAT,
    CALL_FILE_SETATTR,
    SYS_truncate,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    /* the machine */
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_acct,
    SYS_syslog,
    SYS_vhangup,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    /* channels to others: System V's and POSIX's, and the server's side of sockets */
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_semget,
    SYS_semop,
    SYS_semctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
    SYS_mq_open,
    SYS_mq_unlink,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef __x86_64__
    SYS_fork,
    SYS_vfork,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
    SYS_create_module,
    SYS__sysctl,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_symlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_creat,
#endif
};

struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short count;
};

static void put(struct filter *filter, struct sock_filter statement)
{
    check(filter->count < FILTER_MAX);
    filter->code[filter->count++] = statement;
}

static void put_load(struct filter *filter, size_t at)
{
    put(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)at));
}

static void put_answer(struct filter *filter, uint32_t answer)
{
    put(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

/* Skips so many statements unless what was loaded is the value. */
static void put_unless(struct filter *filter, uint32_t value, uint8_t skip)
{
    put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

static void put_if(struct filter *filter, uint32_t value, uint32_t answer)
{
    put_unless(filter, value, 1);
    put_answer(filter, answer);
}

static void put_calls(struct filter *filter, const uint16_t *numbers, size_t count, uint32_t first, uint32_t answer)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] / STRIDE == first / STRIDE)
            put_if(filter, numbers[i], answer);
    }
}

/* Of STRIDE numbers each: the kernel runs the filter once for every number to fill its bitmap, so a long way through it would
 * be felt when a worker starts. */
static void put_strides(struct filter *filter)
{
    for (uint32_t first = 0; first <= NUMBER_MAX; first += STRIDE) {
        put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first + STRIDE, 0, 1));
        unsigned short jump = filter->count;
        put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0));
        put_calls(filter, ABSENT, COUNT(ABSENT), first, REFUSE(ENOSYS));
        put_calls(filter, REFUSED, COUNT(REFUSED), first, REFUSE(EPERM));
        put_answer(filter, SECCOMP_RET_ALLOW);
        filter->code[jump].k = filter->count - jump - 1u;
    }
}

/* The call's argument decides: one of these values gets one answer, any other the other. */
static void put_by_argument(struct filter *filter, uint32_t number, unsigned argument,
                            const uint32_t values[ARGUMENTS_MAX], uint32_t answer, uint32_t other_answer)
{
    put_unless(filter, number, 2 + 2 * ARGUMENTS_MAX);
    put_load(filter, ARGUMENT_AT(argument));
    for (size_t i = 0; i < ARGUMENTS_MAX; i++)
        put_if(filter, values[i], answer);
    put_answer(filter, other_answer);
}

/* ---- what the resolver needs ---- */

static bool is_one_of_libc(const char *service, size_t bytes)
{
    static const char *const THOSE[] = {"files", "dns", "myhostname"};
    for (size_t i = 0; i < COUNT(THOSE); i++) {
        if (strlen(THOSE[i]) == bytes && memcmp(THOSE[i], service, bytes) == 0)
            return true;
    }
    return false;
}

/* Whether "hosts: files resolve [!UNAVAIL=return] dns" names a service that may ask a daemon; see nsswitch.conf(5). */
static bool line_names_daemons(const char *line)
{
    static const char BLANKS[] = " \t\n";
    static const char HOSTS[] = "hosts:";
    line += strspn(line, BLANKS);
    if (strncmp(line, HOSTS, strlen(HOSTS)) != 0)
        return false;
    line += strlen(HOSTS);
    for (;;) {
        line += strspn(line, BLANKS);
        if (*line == '\0' || *line == '#')
            return false;
        size_t bytes = *line == '[' ? strcspn(line, "]\n") + 1 : strcspn(line, " \t\n[#");
        if (*line != '[' && !is_one_of_libc(line, bytes))
            return true;
        for (; bytes > 0 && *line != '\0'; bytes--)
            line++;
    }
}

/* Behind a Unix socket there may also be somebody who starts programs for who asks (D-Bus, Docker): only where names are asked
 * of daemons may a worker have one. */
static bool resolver_asks_daemons(void)
{
    if (access("/run/nscd/socket", F_OK) == 0)
        return true;
    FILE *file = fopen("/etc/nsswitch.conf", "re");
    bool asks = false;
    char line[512];
    while (file && !asks && fgets(line, sizeof line, file))
        asks = line_names_daemons(line);
    if (file)
        fclose(file);
    return asks;
}

/* Streams and datagrams of the internet, perhaps of Unix; routing, where the resolver asks for our addresses. */
static void put_socket(struct filter *filter)
{
    const uint32_t third = resolver_asks_daemons() ? AF_UNIX : AF_INET;
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT_AT(0)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, third, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_JUMP(BPF_JMP | BPF_JA, 6, 0, 0),
        BPF_STMT(BPF_RET | BPF_K, REFUSE(EAFNOSUPPORT)),
        /* the type, without its flags */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT_AT(1)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_DGRAM, 3, 0),
        BPF_STMT(BPF_RET | BPF_K, REFUSE(EPERM)),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT_AT(2)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_ROUTE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, REFUSE(EAFNOSUPPORT)),
    };
    put_unless(filter, SYS_socket, COUNT(code));
    for (size_t i = 0; i < COUNT(code); i++)
        put(filter, code[i]);
}

/* Threads (the resolver's), no processes, no namespaces. */
static void put_clone(struct filter *filter)
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT_AT(0)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, REFUSE(EPERM)),
    };
    put_unless(filter, SYS_clone, COUNT(code));
    for (size_t i = 0; i < COUNT(code); i++)
        put(filter, code[i]);
}

static void build(struct filter *filter)
{
    const uint32_t refuse = REFUSE(EPERM);
    const uint32_t self = (uint32_t)getpid();
    put_load(filter, offsetof(struct seccomp_data, arch));
    put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROCESSOR, 1, 0));
    put_answer(filter, REFUSE(ENOSYS)); /* as another processor's program: the numbers mean other things */
    put_load(filter, NUMBER_AT);
    put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NUMBER_MAX, 0, 1));
    put_answer(filter, REFUSE(ENOSYS));
    for (size_t i = 0; i < COUNT(OFTEN); i++)
        put_if(filter, OFTEN[i], SECCOMP_RET_ALLOW);
    put_socket(filter);
    put_clone(filter);
    /* Signals and limits: our own, nor let a descriptor signal others. Typing into the terminal that is our standard error: no.
     * To be traced again, or to outlive the coordinator: no. */
    const uint32_t ours[ARGUMENTS_MAX] = {self, self, self, self};
    const uint32_t limits[ARGUMENTS_MAX] = {self, 0, 0, 0};
    const uint32_t ioctls[ARGUMENTS_MAX] = {TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP};
    const uint32_t fcntls[ARGUMENTS_MAX] = {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETSIG};
    const uint32_t prctls[ARGUMENTS_MAX] = {PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_SET_PTRACER, PR_SET_MM};
    put_by_argument(filter, SYS_kill, 0, ours, SECCOMP_RET_ALLOW, refuse);
    put_by_argument(filter, SYS_tgkill, 0, ours, SECCOMP_RET_ALLOW, refuse);
    put_by_argument(filter, SYS_rt_sigqueueinfo, 0, ours, SECCOMP_RET_ALLOW, refuse);
    put_by_argument(filter, SYS_rt_tgsigqueueinfo, 0, ours, SECCOMP_RET_ALLOW, refuse);
    put_by_argument(filter, SYS_prlimit64, 0, limits, SECCOMP_RET_ALLOW, refuse);
    put_by_argument(filter, SYS_ioctl, 1, ioctls, refuse, SECCOMP_RET_ALLOW);
    put_by_argument(filter, SYS_fcntl, 1, fcntls, refuse, SECCOMP_RET_ALLOW);
    put_by_argument(filter, SYS_prctl, 0, prctls, refuse, SECCOMP_RET_ALLOW);
    put_strides(filter);
    put_answer(filter, SECCOMP_RET_ALLOW);
}

bool seccomp_is_there(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool seccomp_put_on(const struct worker_config *config)
{
    struct filter filter = {.count = 0};
    (void)config;
    build(&filter);
    const struct sock_fprog program = {.len = filter.count, .filter = filter.code};
    /* Before Linux 5.16 a filter turns speculative stores off as well, which slows the whole process down: it is against
     * scripts that read their own process, and we run none. */
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

#else

bool seccomp_is_there(void)
{
    return false;
}

bool seccomp_put_on(const struct worker_config *config)
{
    (void)config;
    return false;
}

#endif
