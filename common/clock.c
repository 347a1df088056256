/* clock.c: one clock for all. */
#include "common/clock.h"

int64_t clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_deadline_ns(int64_t timeout_ms)
{
    if (timeout_ms < 0 || timeout_ms > INT64_MAX / (2 * NS_PER_MS))
        return DEADLINE_NEVER;
    return clock_now_ns() + timeout_ms * NS_PER_MS;
}

int clock_left_ms(int64_t deadline_ns, int cap_ms)
{
    if (deadline_ns == DEADLINE_NEVER)
        return cap_ms;
    int64_t left_ns = deadline_ns - clock_now_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < cap_ms ? (int)left_ms : cap_ms;
}

struct timespec clock_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}
