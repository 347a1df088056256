/* Deadlines of many connections, the soonest first. */
#ifndef ORIGIN_TIMER_H
#define ORIGIN_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lives in its owner; all zero is a timer that is not set. */
struct timer {
    int64_t deadline_ns; /* CLOCK_MONOTONIC */
    size_t place;        /* in the heap, from 1; 0 = not set */
};

/* A binary heap: setting and clearing are O(log n). All zero is an empty one. */
struct timer_heap {
    struct timer **timers;
    size_t count;
    size_t capacity;
};

int64_t timer_now_ns(void);

/* Sets or moves the timer. False when there is no memory: the timer is then not set. */
bool timer_set(struct timer_heap *heap, struct timer *timer, int64_t deadline_ns);
void timer_clear(struct timer_heap *heap, struct timer *timer);

/* Takes the soonest timer out if it is due; NULL when none is. */
struct timer *timer_take_due(struct timer_heap *heap, int64_t now_ns);

/* How long epoll_wait may sleep: -1 for ever, else rounded up, so that waking finds a due timer. */
int timer_wait_ms(const struct timer_heap *heap, int64_t now_ns);
void timer_heap_close(struct timer_heap *heap);

#endif
