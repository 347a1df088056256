/* What spin explores.
 *
 * protocol.pml: how URLs go through slots and rings while workers are killed, as common/ring.c, slot.c, done_ring.c, roster.c,
 * worker/worker.c, coordinator/executor/feed.c, executor.c and reaper.c do it. tests/model/cases lists what is run.
 *
 * DESIGN. One coordinator, WORKERS workers, one more for quarantine where CRASHES are possible. Each `if .. DIES fi` of a
 * worker is one access to shared memory or one system call, and SIGKILL may come before any of them. What two neighbouring
 * steps of one process cannot show to others is one step: an entry of a done ring counts for nothing before its tail moves.
 * Semaphores are glibc's: to post is to count and then to wake, a waiter that is killed stays counted. There is no clock:
 * the heartbeat that ends every sleep after a second would hide a wake-up that was lost. Stores are seen in order: each one
 * that another process must see before the next look has a full fence behind it, in the code; where a variant leaves the
 * fence out, the store lies in a buffer that is emptied at any later time. A kill that is still to come would pass for a way out
 * of a wait without end: so a case with so many KILLS wants the same case with fewer beside it.
 *
 * What must hold:
 *   reported_once        no URL is reported twice
 *   result_is_its_own    what is reported for a URL was written for that URL
 *   death_costs_one      a URL is begun once, and again only if a worker died that held it and had not published it
 *   left_to_the_living   what a live worker holds is not taken from it
 *   suspect_is_alone     a URL that is suspected of a crash runs in quarantine
 *   (no invalid end)     nobody waits for ever: a run ends with every URL reported
 *   (no cycle)           where it is asked for: every run ends, whatever the schedule
 *
 * Sizes: URLS, WORKERS (1 or 2), SLOTS, RING (a power of two), CAPACITY (transfers of a worker), KILLS, CRASHES (of the KILLS),
 * CANCELS. Switches: WARM (all workers run from the start, as after a larger load), HELD (transfers take time), LONG (URL 0 ends
 * after all others), KEEP (the caller keeps a result in its slot; SLOTS 2), BY_FD (the caller's event loop waits),
 * NO_NEXT_LIFE (the dead are not replaced), ONLY_REPORTS (the first two properties and the ends alone). V_*: variants that
 * leave something out. */
#ifndef URLS
#define URLS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef SLOTS
#define SLOTS URLS
#endif
#ifndef RING
#define RING 4
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef CANCELS
#define CANCELS 0
#endif
#if CRASHES > 0
#define LIVES (WORKERS + 1)
#define KINDS 2
#else
#define LIVES WORKERS
#define KINDS 1
#endif
#define QUARANTINE WORKERS /* the index of its worker */
#define STRIKES_MAX 2
#define NONE 255

mtype = { FREE, READY, CLAIMED, DONE };

/* ---- shared memory ---- */

mtype state[SLOTS] = FREE; /* the state word's four parts */
byte owner[SLOTS];
byte life[SLOTS];
byte generation[SLOTS];
byte request[SLOTS] = NONE;
byte result[SLOTS] = NONE;
bit ring_of[SLOTS];

byte head[KINDS], tail[KINDS];
byte entry[KINDS * RING];
chan done[LIVES] = [4] of { byte };

bool idle[LIVES], room[LIVES]; /* the marks of those asleep */
bool sleeps;                   /* the coordinator */

/* ---- the kernel's ---- */

byte tokens[KINDS], waiters[KINDS]; /* a ring's semaphore */
bool asleep[LIVES];                 /* in its futex */
bool bell[LIVES];                   /* doorbells */
bool told;                          /* the coordinator's eventfd */
bool zombie[LIVES];                 /* a pid descriptor is readable */
#if KINDS == 2
bool crashed[LIVES];                /* its wait status */
#endif

byte incarnation[LIVES];            /* which life of a worker begins, or runs */
bool alive[LIVES];                  /* it was forked, and waitpid() has not returned it */

/* ---- the onlooker's ---- */

bool may_begin[URLS] = true;
byte kills = KILLS;
#if KINDS == 2
byte crashes = CRASHES;
bool suspected[URLS];
#endif
#ifdef LONG
byte ended;
#endif

#define reported_once(u) (reports[u] <= 1)
#define result_is_its_own(s) (result[s] == holder[s] - 1)
#define death_costs_one(u) (may_begin[u])
#define left_to_the_living published
#define suspect_is_alone(u, w) (!suspected[u] || w == QUARANTINE)

#ifdef V_NO_INCARNATION
#define is_life(s, w) true
#else
#define is_life(s, w) (life[s] == incarnation[w])
#endif
#define kind_of(w) (w / WORKERS)
#define at(k, index) (k * RING + index % RING)
#define waiting(k) (tail[k] - head[k])
#define any_zombie (zombie[0] || zombie[LIVES - 1] || zombie[LIVES / 2])

/* SIGKILL, or a crash: before the step that it stands beside. */
#define DIES :: atomic { kills > 0 -> kills--; goto killed }

#ifdef V_SEM_LOCK
byte ring_lock = 1;
#endif
#ifdef V_SHARED_DONE_RING
byte cell[8], ticket, drained;
#endif
#ifdef V_DEATH_INTERRUPTS
bool in_sleep, interrupted;
#endif
#ifdef V_NO_PUSH_FENCE
byte pushed[KINDS];
active proctype store_buffer_of_coordinator()
{
end:
    do
    :: d_step { tail[0] != pushed[0] -> tail[0] = pushed[0] }
    od
}
#endif
#ifdef V_NO_TELL_FENCE
byte late[LIVES];
active proctype store_buffers_of_workers()
{
end:
    do
    :: d_step { late[0] -> done[0] ! late[0] - 1; late[0] = 0 }
    :: d_step { late[LIVES - 1] -> done[LIVES - 1] ! late[LIVES - 1] - 1; late[LIVES - 1] = 0 }
    od
}
#endif

#include "worker.pml"
#include "coordinator.pml"
