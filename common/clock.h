/* clock.h: one clock for all. Monotonic, so that a step of the wall clock moves no deadline; comparable between
 * processes of one machine. */
#ifndef SHOAL_CLOCK_H
#define SHOAL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000LL
#define NS_PER_MS 1000000LL
#define NS_PER_US 1000LL
#define DEADLINE_NEVER INT64_MAX

/* Nanoseconds of CLOCK_MONOTONIC. Never blocks, never fails; any thread; async-signal-safe. */
int64_t clock_now_ns(void);

/* The deadline that lies timeout_ms from now; DEADLINE_NEVER for a negative timeout. */
int64_t clock_deadline_ns(int64_t timeout_ms);

/* Milliseconds left until deadline_ns, rounded up so that a wait does not end just before it: 0 when it has passed,
 * at most cap_ms. For the timeout of poll() and epoll_wait(). */
int clock_left_ms(int64_t deadline_ns, int cap_ms);

struct timespec clock_timespec(int64_t ns);

#endif
