/* reaper.c: what happens when a worker dies.
 *
 * DESIGN. Nothing is ever taken from a live worker: first waitpid() must have returned it. Then every slot that names this
 * life of it is looked at, whatever it announced: DONE is delivered, CLAIMED is taken back and runs again. A death that has a
 * culprit (the slot whose data was being worked on) is charged to it; a crash without one makes suspects of all that the worker
 * held, and suspects run one at a time, in a worker of their own. Two charges, and the URL fails as worker-crashed. A kill from
 * outside (SIGKILL, SIGTERM) that hit nobody's data is charged to none. A new life begins at once, later when lives are
 * short; when nobody can live, the run ends with a reason. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/done_ring.h"
#include "common/extent.h"
#include "common/fault.h"
#include "common/fence.h"
#include "common/ring.h"
#include "common/roster.h"
#include "common/slot.h"
#include "coordinator/executor/pool.h"

#define STRIKES_MAX 2u
#define ATTEMPTS_MAX 100u     /* deaths of others' doing end too */
#define BARREN_DEATHS_MAX 10u /* in a row, without anything completed in between: nobody can live */
#define BACKOFF_FIRST_MS 20
#define BACKOFF_LAST_MS 2000
#define START_AGAIN_MS 100

struct death {
    uint32_t index;
    struct owner owner;
    uint32_t culprit;   /* slot, SLOT_NONE: not known */
    uint32_t signal;    /* 0: it exited */
    bool is_expected;   /* a planned end */
    bool is_external;   /* a kill that says nothing about what it held */
    bool has_delivered; /* it finished something, even if it could not say so */
};

static bool is_quarantine(const struct executor *executor, uint32_t index)
{
    return index == executor->worker_count;
}

static struct death examine(struct executor *executor, uint32_t index, int wait_status)
{
    struct pool_worker *worker = &executor->workers[index];
    struct death death = {
        .index = index,
        .owner = {.worker = index, .incarnation = worker->incarnation},
        .culprit = atomic_load_explicit(&executor->shared.roster[index].current, memory_order_acquire),
        .signal = WIFSIGNALED(wait_status) ? (uint32_t)WTERMSIG(wait_status) : 0,
    };
    if (death.culprit >= executor->shared.slot_count)
        death.culprit = SLOT_NONE;
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    death.is_expected = executor->is_stopping || code == WORKER_TASKS_DONE || code == WORKER_STOPPED;
    death.is_external = (death.signal == SIGKILL || death.signal == SIGTERM) && !worker->was_told_to_die;
    return death;
}

static void charge(struct future *future, const struct death *death)
{
    future->strikes++;
    future->crash_signal = (uint16_t)death->signal;
    future->is_suspect = true;
}

static void fail_crashed(struct executor *executor, struct future *future, uint32_t signal)
{
    char text[RESULT_DETAIL_BYTES];
    pool_unplace(executor, future);
    if (signal)
        snprintf(text, sizeof text, "its worker was killed by signal %u (%s)", (unsigned)signal,
                 sigabbrev_np((int)signal) ? sigabbrev_np((int)signal) : "?");
    else
        snprintf(text, sizeof text, "its worker ended unexpectedly");
    future_fail(future, FETCH_WORKER_CRASHED, signal, text);
}

/* A slot that the dead worker had claimed. */
static void return_claim(struct executor *executor, struct future *future, const struct death *death)
{
    uint32_t slot = future->slot;
    bool is_charged =
        !death->is_expected && (death->culprit == slot || (death->culprit == SLOT_NONE && !death->is_external));
    if (future->wants_cancel || executor->is_stopping) {
        pool_unplace(executor, future);
        future_fail(future, FETCH_CANCELLED, 0, "its worker was ended");
        return;
    }
    if (executor->why_broken[0]) { /* nobody is left to run it again */
        fail_crashed(executor, future, death->signal);
        return;
    }
    if (is_charged)
        charge(future, death);
    if (future->strikes >= STRIKES_MAX || future->attempts >= ATTEMPTS_MAX)
        fail_crashed(executor, future, death->signal);
    else
        pool_requeue(executor, future);
}

/* Whether a slot that is in flight lies in nobody's hands: neither READY nor a living worker's. Only a worker that scribbled on
 * it makes it so, and nobody would ever say that it is done. */
static bool is_lost(const struct executor *executor, uint64_t word)
{
    struct owner owner = state_owner(word);
    if (state_of(word) == SLOT_READY)
        return false;
    if (state_of(word) != SLOT_CLAIMED && state_of(word) != SLOT_DONE)
        return true;
    return owner.worker > executor->worker_count || !executor->workers[owner.worker].is_alive ||
           owner.incarnation != executor->workers[owner.worker].incarnation;
}

/* What it published, announced or not: the slots' words are the truth. */
static void collect_published(struct executor *executor, struct death *death)
{
    pool_collect_announced(executor, death->index);
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++) {
        uint64_t word = slot_word(&executor->shared, slot);
        struct future *future = executor->by_slot[slot];
        if (!future || future->phase != FUTURE_PLACED || state_of(word) != SLOT_DONE ||
            !state_is_owned_by(word, death->owner))
            continue;
        pool_collect(executor, slot);
        death->has_delivered = true;
    }
}

/* Every slot that names this life still, or that the dead worker may have spoilt, runs again, or fails where nobody is left. */
static void return_slots(struct executor *executor, const struct death *death)
{
    struct death innocent = *death;
    innocent.is_expected = true; /* charges nobody */
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++) {
        struct future *future = executor->by_slot[slot];
        uint64_t word = slot_word(&executor->shared, slot);
        if (!future || future->phase != FUTURE_PLACED)
            continue;
        if (state_is_owned_by(word, death->owner) && slot_take_back(&executor->shared, slot, death->owner)) {
            extent_trim(&executor->shared, slot, 0); /* it may have died between saying "reserved" and reserving */
            return_claim(executor, future, death);
        } else if (is_lost(executor, word)) {
            slot_free(&executor->shared, slot);
            extent_trim(&executor->shared, slot, 0);
            return_claim(executor, future, &innocent);
        }
    }
}

/* A life that finished nothing delays the next one, more each time. */
static void set_backoff(struct executor *executor, uint32_t index, const struct death *death)
{
    struct pool_worker *worker = &executor->workers[index];
    bool was_barren = !death->is_expected && !death->has_delivered &&
                      atomic_load_explicit(&executor->shared.roster[index].finished, memory_order_relaxed) == 0;
    worker->barren_deaths = was_barren ? worker->barren_deaths + 1 : 0;
    worker->may_start_ns = 0;
    if (worker->barren_deaths > 1) {
        uint32_t doublings = worker->barren_deaths - 2 < 10 ? worker->barren_deaths - 2 : 10;
        int64_t wait_ms = (int64_t)BACKOFF_FIRST_MS << doublings;
        worker->may_start_ns = clock_now_ns() + (wait_ms < BACKOFF_LAST_MS ? wait_ms : BACKOFF_LAST_MS) * NS_PER_MS;
    }
}

static void judge_pool(struct executor *executor, const struct death *death, int wait_status)
{
    if (death->is_expected)
        return;
    executor->deaths++;
    bool is_short = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == WORKER_SHORT;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == WORKER_CONFIG)
        pool_break(executor, FETCH_WORKER_CRASHED, 0, "a worker could not start: libcurl refused the options");
    else if (executor->options.on_worker_death == EXECUTOR_BREAK)
        pool_break(executor, FETCH_WORKER_CRASHED, death->signal, "worker %u died%s%s", (unsigned)death->index,
                   death->signal ? " of SIG" : "", death->signal ? sigabbrev_np((int)death->signal) : "");
    else if (++executor->barren_deaths >= BARREN_DEATHS_MAX)
        pool_break(executor, FETCH_WORKER_CRASHED, death->signal,
                   "workers cannot live: %u died in a row and nothing was completed in between (the last %s%s)",
                   (unsigned)executor->barren_deaths,
                   death->signal ? "of SIG"
                   : is_short    ? "could not start for want of memory or descriptors"
                                 : "exited",
                   death->signal ? sigabbrev_np((int)death->signal) : "");
}

/* The dead may have taken a token or a bell along, or a mark of its that was stale have got them: whoever sleeps idle or, where
 * something waits, with room beside what it holds, looks in its place. */
static void wake_in_its_place(struct executor *executor, uint32_t index)
{
    if (is_quarantine(executor, index)) {
        ring_post(&executor->shared, RING_QUARANTINE);
        return;
    }
    ring_post(&executor->shared, RING_WORK);
    FAULT_POINT("reap.before_bell");
    full_fence(); /* pairs with the fence of roster_mark_room() */
    if (ring_length(&executor->shared, RING_WORK) == 0)
        return;
    uint32_t other = roster_take_room(&executor->shared, index);
    if (other != SLOT_NONE)
        pool_ring(executor, other);
}

static void bury(struct executor *executor, uint32_t index, int wait_status)
{
    struct pool_worker *worker = &executor->workers[index];
    struct death death = examine(executor, index, wait_status);
    FAULT_POINT("reap.after_wait");
    worker->is_alive = false;
    executor->alive--;
    collect_published(executor, &death); /* before the pool is judged: something was completed */
    judge_pool(executor, &death, wait_status);
    return_slots(executor, &death);
    set_backoff(executor, index, &death);
    FAULT_POINT("reap.before_clear");
    worker->was_told_to_die = false;
    worker->incarnation = (worker->incarnation + 1) & 0xffffu;
    roster_clear(&executor->shared, index, worker->incarnation);
    done_ring_reset(&executor->shared, index);
    FAULT_POINT("reap.before_token");
    wake_in_its_place(executor, index);
}

/* Want of processes or descriptors may pass; what libcurl refuses will not. */
static void note_failed_start(struct executor *executor, struct pool_worker *worker, enum status status, int error)
{
    bool may_pass = status == STATUS_SYSTEM || status == STATUS_OUT_OF_MEMORY;
    if (!may_pass || (++executor->barren_deaths >= BARREN_DEATHS_MAX && executor->alive == 0)) {
        pool_break(executor, FETCH_WORKER_CRASHED, 0, "cannot start a worker: %s",
                   status == STATUS_SYSTEM ? strerror(error) : status_name(status));
        return;
    }
    worker->may_start_ns = clock_now_ns() + START_AGAIN_MS * NS_PER_MS;
    if (worker->may_start_ns < executor->reap_at_ns)
        executor->reap_at_ns = worker->may_start_ns;
}

void reaper_start(struct executor *executor, uint32_t index)
{
    struct pool_worker *worker = &executor->workers[index];
    int64_t now_ns = clock_now_ns();
    if (worker->is_alive || executor->is_stopping)
        return;
    if (worker->may_start_ns > now_ns) {
        if (worker->may_start_ns < executor->reap_at_ns)
            executor->reap_at_ns = worker->may_start_ns;
        return;
    }
    enum status status = executor->engine->start(executor, index);
    if (status != STATUS_OK) {
        note_failed_start(executor, worker, status, errno);
        return;
    }
    worker->is_alive = true;
    worker->beat_at_ns = now_ns;
    worker->beat_seen = 0;
    executor->alive++;
    if (index == executor->started && !is_quarantine(executor, index))
        executor->started++;
}

/* Starts who died and is due. In quarantine only while there is a suspect. */
static void start_due(struct executor *executor)
{
    executor->reap_at_ns = DEADLINE_NEVER;
    executor->revive_wanted = executor->pending == 0;
    if (executor->is_stopping || executor->pending == 0 || executor->why_broken[0])
        return;
    for (uint32_t i = 0; i < executor->started; i++)
        reaper_start(executor, i);
    if (executor->started < executor->worker_count && executor->started < executor->placed)
        reaper_start(executor, executor->started); /* the first may have failed to start */
    if (executor->suspects.count || executor->suspect_placed)
        reaper_start(executor, executor->worker_count);
}

void reaper_revive(struct executor *executor)
{
    if (executor->revive_wanted)
        start_due(executor);
}

void reaper_turn(struct executor *executor)
{
    bool any = false;
    executor->reap_wanted = false;
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        int wait_status = 0;
        if (executor->workers[i].is_alive && executor->engine->has_ended(executor, i, &wait_status)) {
            bury(executor, i, wait_status);
            any = true;
        }
    }
    if (any || executor->reap_at_ns <= clock_now_ns())
        start_due(executor);
}

int pool_heartbeat_ms(const struct executor *executor)
{
    int64_t quarter = executor->options.hang_time_ms / 4;
    if (quarter <= 0 || quarter > HEARTBEAT_MS)
        return HEARTBEAT_MS;
    return quarter > HEARTBEAT_MS_MIN ? (int)quarter : HEARTBEAT_MS_MIN;
}

void reaper_check_hung(struct executor *executor, int64_t now_ns)
{
    int64_t hang_ns = executor->options.hang_time_ms * NS_PER_MS;
    if (hang_ns <= 0 || now_ns < executor->next_hang_check_ns)
        return;
    /* If we ourselves were stopped (Ctrl-Z), or busy for long, nobody else is to blame: look afresh. */
    bool is_fresh = now_ns - executor->last_hang_check_ns > hang_ns / 2;
    executor->last_hang_check_ns = now_ns;
    executor->next_hang_check_ns = now_ns + pool_heartbeat_ms(executor) * NS_PER_MS;
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        struct pool_worker *worker = &executor->workers[i];
        if (!worker->is_alive)
            continue;
        uint64_t beat = atomic_load_explicit(&executor->shared.roster[i].heartbeat, memory_order_relaxed);
        if (is_fresh || beat != worker->beat_seen) {
            worker->beat_seen = beat;
            worker->beat_at_ns = now_ns;
        } else if (now_ns - worker->beat_at_ns > hang_ns) {
            /* SIGTERM first, for what can still clean up; SIGKILL at the next look. */
            executor->engine->kill(executor, i, worker->was_told_to_die ? SIGKILL : SIGTERM);
            FAULT_POINT("hang.after_kill");
            worker->was_told_to_die = true;
        }
    }
}
