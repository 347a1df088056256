/* timer.c: deadlines of many connections, the soonest first. */
#include "tests/origin/timer.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

int64_t timer_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Places count from 1, so that the parent of n is n / 2. */
static void heap_put(struct timer_heap *heap, size_t place, struct timer *timer)
{
    heap->timers[place - 1] = timer;
    timer->place = place;
}

static void heap_rise(struct timer_heap *heap, struct timer *timer, size_t place)
{
    while (place > 1 && heap->timers[place / 2 - 1]->deadline_ns > timer->deadline_ns) {
        heap_put(heap, place, heap->timers[place / 2 - 1]);
        place /= 2;
    }
    heap_put(heap, place, timer);
}

static void heap_sink(struct timer_heap *heap, struct timer *timer, size_t place)
{
    for (size_t child = place * 2; child <= heap->count; child = place * 2) {
        if (child < heap->count && heap->timers[child]->deadline_ns < heap->timers[child - 1]->deadline_ns) {
            child++;
        }
        if (heap->timers[child - 1]->deadline_ns >= timer->deadline_ns) {
            break;
        }
        heap_put(heap, place, heap->timers[child - 1]);
        place = child;
    }
    heap_put(heap, place, timer);
}

bool timer_set(struct timer_heap *heap, struct timer *timer, int64_t deadline_ns)
{
    timer_clear(heap, timer);
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : 64;
        struct timer **timers = realloc(heap->timers, capacity * sizeof(struct timer *));
        if (timers == NULL) {
            return false;
        }
        heap->timers = timers;
        heap->capacity = capacity;
    }
    timer->deadline_ns = deadline_ns;
    heap->count++;
    heap_rise(heap, timer, heap->count);
    return true;
}

void timer_clear(struct timer_heap *heap, struct timer *timer)
{
    size_t place = timer->place;
    if (place == 0) {
        return;
    }
    timer->place = 0;
    struct timer *last = heap->timers[heap->count - 1];
    heap->count--;
    if (last == timer) {
        return;
    }
    /* The last one fills the gap; it may belong above or below. */
    heap_rise(heap, last, place);
    heap_sink(heap, last, last->place);
}

struct timer *timer_take_due(struct timer_heap *heap, int64_t now_ns)
{
    if (heap->count == 0 || heap->timers[0]->deadline_ns > now_ns) {
        return NULL;
    }
    struct timer *timer = heap->timers[0];
    timer_clear(heap, timer);
    return timer;
}

int timer_wait_ms(const struct timer_heap *heap, int64_t now_ns)
{
    if (heap->count == 0) {
        return -1;
    }
    int64_t left_ns = heap->timers[0]->deadline_ns - now_ns;
    if (left_ns <= 0) {
        return 0;
    }
    int64_t left_ms = (left_ns + 999999) / 1000000;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

void timer_heap_close(struct timer_heap *heap)
{
    free(heap->timers);
    *heap = (struct timer_heap){0};
}
