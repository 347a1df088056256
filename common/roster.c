/* roster.c: what a worker says of itself, and who sleeps. */
#include "common/roster.h"

#include <unistd.h>

#include "common/fence.h"

static uint64_t bit_of(uint32_t worker)
{
    return 1ull << (worker % 64);
}

static void set_bit(_Atomic uint64_t *words, uint32_t worker)
{
    atomic_fetch_or_explicit(&words[worker / 64], bit_of(worker), memory_order_seq_cst);
}

/* Returns whether it was set. */
static bool clear_bit(_Atomic uint64_t *words, uint32_t worker)
{
    /* Looking first keeps the line shared while nobody sleeps. */
    if (!(atomic_load_explicit(&words[worker / 64], memory_order_relaxed) & bit_of(worker)))
        return false;
    return atomic_fetch_and_explicit(&words[worker / 64], ~bit_of(worker), memory_order_seq_cst) & bit_of(worker);
}

void roster_begin(const struct shared *shared, uint32_t worker)
{
    roster_set_current(shared, worker, SLOT_NONE);
    roster_beat(shared, worker);
    atomic_store_explicit(&shared->roster[worker].pid, (uint32_t)getpid(), memory_order_release);
}

void roster_beat(const struct shared *shared, uint32_t worker)
{
    _Atomic uint64_t *beat = &shared->roster[worker].heartbeat;
    /* One writer: a load and a store, no locked instruction. */
    atomic_store_explicit(beat, atomic_load_explicit(beat, memory_order_relaxed) + 1, memory_order_relaxed);
}

uint32_t roster_set_current(const struct shared *shared, uint32_t worker, uint32_t slot)
{
    _Atomic uint32_t *current = &shared->roster[worker].current;
    uint32_t before = atomic_load_explicit(current, memory_order_relaxed);
    atomic_store_explicit(current, slot, memory_order_release);
    return before;
}

void roster_mark_idle(const struct shared *shared, uint32_t worker)
{
    set_bit(shared->header->asleep.idle, worker);
    full_fence(); /* pairs with the fence of the coordinator between push and look */
}

void roster_unmark_idle(const struct shared *shared, uint32_t worker)
{
    clear_bit(shared->header->asleep.idle, worker);
}

void roster_mark_room(const struct shared *shared, uint32_t worker)
{
    set_bit(shared->header->asleep.room, worker);
    full_fence(); /* pairs with the fence of the coordinator between push and look */
}

void roster_unmark_room(const struct shared *shared, uint32_t worker)
{
    clear_bit(shared->header->asleep.room, worker);
}

static uint32_t word_count(const struct shared *shared)
{
    return (shared->roster_count + 63) / 64;
}

uint32_t roster_idle_count(const struct shared *shared)
{
    uint32_t count = 0;
    uint32_t quarantine = shared->roster_count - 1;
    for (uint32_t i = 0; i < word_count(shared); i++) {
        uint64_t word = atomic_load_explicit(&shared->header->asleep.idle[i], memory_order_seq_cst);
        if (i == quarantine / 64)
            word &= ~bit_of(quarantine); /* it waits at its own ring */
        count += (uint32_t)__builtin_popcountll(word);
    }
    return count;
}

uint32_t roster_take_room(const struct shared *shared, uint32_t after)
{
    uint32_t words = word_count(shared);
    uint32_t first = (after + 1) % shared->roster_count;
    for (uint32_t i = 0; i <= words; i++) {
        uint32_t at = (first / 64 + i) % words;
        uint64_t word = atomic_load_explicit(&shared->header->asleep.room[at], memory_order_seq_cst);
        if (i == 0)
            word &= ~0ull << (first % 64);
        while (word) {
            uint32_t worker = at * 64 + (uint32_t)__builtin_ctzll(word);
            /* not covered: by chance alone: a worker takes its mark back between the two looks */
            if (worker < shared->roster_count && clear_bit(shared->header->asleep.room, worker))
                return worker;
            word &= word - 1;
        }
    }
    return SLOT_NONE;
}

void roster_clear(const struct shared *shared, uint32_t worker, uint32_t next_incarnation)
{
    struct roster_shm *entry = &shared->roster[worker];
    roster_unmark_idle(shared, worker);
    roster_unmark_room(shared, worker);
    atomic_store_explicit(&entry->current, SLOT_NONE, memory_order_relaxed);
    atomic_store_explicit(&entry->held, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->paused, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->finished, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->pid, 0, memory_order_relaxed);
    atomic_store_explicit(&entry->incarnation, next_incarnation, memory_order_release);
}
