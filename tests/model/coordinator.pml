/* What spin explores.
 *
 * coordinator.pml: coordinator/executor/feed.c, executor.c and reaper.c, as far as slots, rings and deaths go. */

inline post(k)
{
    d_step { tokens[k]++; must_wake = (waiters[k] > 0) };
    if
    :: d_step { must_wake && asleep[k * WORKERS] -> asleep[k * WORKERS] = false; must_wake = false }
    :: d_step { must_wake && k == 0 && asleep[WORKERS - 1] -> asleep[WORKERS - 1] = false; must_wake = false }
    :: else -> must_wake = false
    fi
}

inline start(w)
{
    alive[w] = true
}

inline report(u)
{
    reports[u]++;
    reported++;
#ifdef LONG
    ended++;
#endif
    assert(reported_once(u))
}

/* FREE, with the next generation; what else is set is nobody's to look at, and one value of it makes fewer states. */
inline set_free(s)
{
    state[s] = FREE; generation[s]++; owner[s] = 0; life[s] = 0;
    result[s] = NONE;
    holder[s] = 0;
    placed[s] = false;
    free_slot[free_count] = s;
    free_count++
}

inline collect(s)
{
    if
#if defined(V_NO_PRIVATE_TABLE)
    :: state[s] == DONE ->
#else
    :: placed[s] && state[s] == DONE ->
#endif
       d_step {
           assert(result_is_its_own(s));
           report(holder[s] - 1);
           placed[s] = false;
#ifndef KEEP
           set_free(s)
#endif
       }
#ifdef KEEP
       ;
       if
       :: !keeps -> keeps = true /* the caller reads it where it lies; more than so many are copied out */
       :: d_step { true; set_free(s) }
       fi
#endif
    :: else
    fi
}

#ifdef V_SHARED_DONE_RING
#define has_news_of(i) (cell[drained] != 0)
#define take_announcement(i, s) s = cell[drained] - 1; drained++
#else
#define has_news_of(i) nempty(done[i])
#define take_announcement(i, s) done[i] ? s
#endif

inline drain(i)
{
    do
    :: d_step { has_news_of(i) -> take_announcement(i, s) }; collect(s)
    :: d_step { else -> s = 0 }; break
    od
}

/* FREE again; its future goes back to the queue, or fails. */
inline take_back(s, i)
{
    d_step {
        u = holder[s] - 1;
        set_free(s);
#if KINDS == 2
        if
        :: crashed[i] -> strikes[u]++; suspected[u] = true
        :: else
        fi;
        if
        :: strikes[u] < STRIKES_MAX -> queued[u] = true
        :: else -> report(u)
        fi;
#else
        queued[u] = true;
#endif
#if KINDS == 2
        if
        :: i == QUARANTINE -> suspect_placed = false
        :: else
        fi;
#endif
        u = 0
    }
}

inline return_slots(i)
{
    s = 0;
    do
    :: s < SLOTS ->
       if
       :: placed[s] && owner[s] == i && is_life(s, i) && state[s] == CLAIMED -> take_back(s, i)
#if defined(V_NO_PRIVATE_TABLE)
       :: owner[s] == i && is_life(s, i) && state[s] == DONE -> collect(s)
#elif !defined(V_TRUST_ANNOUNCEMENTS)
       :: placed[s] && owner[s] == i && is_life(s, i) && state[s] == DONE -> collect(s)
#endif
       :: else
       fi;
       s++
    :: else -> break
    od;
    s = 0
}

inline bury(i)
{
    d_step { zombie[i] = false; alive[i] = false };
    drain(i);
    return_slots(i);
#if KINDS == 2
    crashed[i] = false;
#endif
    idle[i] = false;
    room[i] = false;
    incarnation[i]++;
#ifndef V_NO_EXTRA_TOKEN
    post(kind_of(i))
#endif
#if defined(HELD) && !defined(V_NO_EXTRA_BELL)
    ;
    if
    :: waiting(0) == 0
    :: waiting(0) > 0 ->
       if
       :: d_step { room[0] -> room[0] = false }; bell[0] = true
#if WORKERS > 1
       :: d_step { room[WORKERS - 1] -> room[WORKERS - 1] = false }; bell[WORKERS - 1] = true
#endif
       :: else
       fi
    fi
#endif
}

inline start_due()
{
    revive_wanted = (submitted == reported);
#ifndef NO_NEXT_LIFE
    i = 0;
    do
    :: !revive_wanted && i < started -> start(i); i++
    :: else -> break
    od;
#endif
#if KINDS == 2
    if
    :: suspect_placed -> start(QUARANTINE)
    :: else
    fi;
#endif
    i = 0
}

inline reap()
{
    i = 0;
    any = false;
    do
    :: i < LIVES ->
       if
       :: alive[i] && zombie[i] -> bury(i); any = true
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    if
    :: any -> any = false; start_due()
    :: else
    fi
}

/* One look at the ring's head for a stale entry, if it is full. */
inline make_room(k)
{
    if
    :: d_step { waiting(k) < RING -> has_room = true }
    :: waiting(k) >= RING ->
       d_step {
           if
           :: state[entry[at(k, head[k])]] != READY || ring_of[entry[at(k, head[k])]] != k -> head[k]++
           :: else
           fi;
           has_room = (waiting(k) < RING)
       }
    fi
}

inline place(future, k)
{
    d_step { free_count--; s = free_slot[free_count]; queued[future] = false };
#ifdef V_READY_THEN_REQUEST
    state[s] = READY;
#endif
    d_step { request[s] = future; ring_of[s] = k; holder[s] = future + 1; placed[s] = true };
#ifndef V_READY_THEN_REQUEST
    state[s] = READY;
#endif
#ifdef V_NO_PUSH_FENCE
    entry[at(k, pushed[k])] = s;
    d_step { pushed[k]++; s = 0 }
#else
    entry[at(k, tail[k])] = s;
    d_step { tail[k]++; s = 0 }
#endif
}

#if KINDS == 2
#define is_ordinary(u) (strikes[u] == 0)
#else
#define is_ordinary(u) true
#endif

inline place_from_queue()
{
    u = 0;
    do
    :: u < URLS && queued[u] && is_ordinary(u) && free_count > 0 ->
       make_room(0);
       if
       :: has_room -> has_room = false; place(u, 0); count++; u++
       :: else -> break
       fi
    :: u < URLS && !(queued[u] && is_ordinary(u) && free_count > 0) -> u++
    :: u == URLS -> break
    od;
    u = 0
}

#if KINDS == 2
inline place_suspect()
{
    u = 0;
    do
    :: u < URLS && queued[u] && strikes[u] > 0 && free_count > 0 && !suspect_placed ->
       place(u, 1);
       suspect_placed = true;
       if
       :: !alive[QUARANTINE] -> start(QUARANTINE)
       :: else
       fi;
       post(1)
    :: u < URLS && !(queued[u] && strikes[u] > 0 && free_count > 0 && !suspect_placed) -> u++
    :: u == URLS -> break
    od;
    u = 0
}
#endif

inline wake_workers()
{
    n = idle[0] + (WORKERS > 1 -> idle[WORKERS - 1] : 0);
    d_step {
        lying = tokens[0];
        n = (lying + count < n -> lying + count : n); /* tokens that there shall be */
        n = (n > lying -> n - lying : 0);
        lying = 0
    };
    do
    :: n > 0 -> post(0); d_step { n--; count-- }
    :: else -> break
    od;
#ifdef V_NO_BELL
    count = 0;
#endif
    do
    :: count == 0 -> break
    :: d_step { count > 0 && room[0] -> room[0] = false }; bell[0] = true; count--
#if WORKERS > 1
    :: d_step { count > 0 && room[WORKERS - 1] -> room[WORKERS - 1] = false }; bell[WORKERS - 1] = true; count--
#endif
    :: d_step { count > 0 && !room[0] && !room[WORKERS - 1] -> count = 0 }
    od
}

inline feed()
{
    place_from_queue();
#if KINDS == 2
    place_suspect();
#endif
    if
    :: count > 0 ->
       if
       :: revive_wanted -> start_due()
       :: else
       fi;
       do /* a worker for each that is placed */
       :: started < WORKERS && started < SLOTS - free_count -> start(started); started++
       :: else -> break
       od;
       wake_workers()
    :: else
    fi
}

#if defined(V_DEATH_SILENT)
#define wakes told
#elif defined(V_DEATH_INTERRUPTS)
#define wakes (told || interrupted)
#else
#define wakes (told || any_zombie)
#endif

/* The events that lie there; then what was announced; then the dead. */
inline turn()
{
    reap_wanted = any_zombie;
#ifdef BY_FD
    if
    :: told -> told = false; sleeps = true
    :: else
    fi;
#else
    told = false;
#endif
    i = 0;
    do
    :: i < LIVES -> drain(i); i++
    :: else -> break
    od;
    i = 0;
    if
    :: reap_wanted -> reap_wanted = false; reap()
    :: else
    fi
}

inline look_for_news()
{
    i = 0;
    do
    :: i < LIVES -> any = any || (alive[i] && has_news_of(i)); i++
    :: else -> break
    od;
    i = 0
}

inline sleep()
{
#ifdef V_LOOK_THEN_SLEEP
    look_for_news();
    sleeps = true;
#else
    sleeps = true;
    look_for_news();
#endif
    if
    :: any -> any = false
    :: else ->
#ifdef V_DEATH_INTERRUPTS
       d_step { in_sleep = true; interrupted = false };
#endif
       wakes;
#ifdef V_DEATH_INTERRUPTS
       in_sleep = false
#endif
    fi;
#ifndef BY_FD
    sleeps = false
#endif
}

/* READY to FREE, if no worker was faster: reported as cancelled. */
inline cancel(s)
{
    d_step {
        cancels--;
        if
        :: placed[s] && state[s] == READY ->
#if KINDS == 2
           if
           :: ring_of[s] == 1 -> suspect_placed = false
           :: else
           fi;
#endif
           u = holder[s] - 1;
           report(u);
           set_free(s);
           u = 0
        :: else
        fi
    }
}

#ifdef V_TAKE_FROM_LIVE
/* Gives up on a worker that seems slow, once. */
inline lose_patience()
{
    if
    :: atomic {
           patience > 0 && placed[0] && state[0] == CLAIMED -> patience--;
           i = owner[0]; s = 0;
           take_back(s, i);
           i = 0; s = 0
       }
    :: skip
    fi
}
#endif

active proctype coordinator()
{
    byte holder[SLOTS]; /* the future in the slot: URL + 1 */
    bool placed[SLOTS]; /* it waits for a result; else the slot holds one for the caller */
    byte free_slot[SLOTS], free_count; /* a stack */
    bool queued[URLS];
    byte reports[URLS];
    byte submitted, reported, started;
    byte i, s, u, n, lying, count;
    bool must_wake, any, reap_wanted, revive_wanted, has_room;
#if CANCELS > 0
    byte cancels = CANCELS;
#endif
#ifdef KEEP
    bool keeps;
#endif
#if KINDS == 2
    byte strikes[URLS];
    bool suspect_placed;
#endif
#ifdef V_TAKE_FROM_LIVE
    byte patience = 1;
#endif
    atomic {
        do
        :: free_count < SLOTS -> free_slot[free_count] = SLOTS - 1 - free_count; free_count++
        :: else -> break
        od;
        do
        :: i < LIVES -> run worker(i); i++
        :: else -> break
        od;
        i = 0;
#ifdef WARM
        do
        :: started < WORKERS -> start(started); started++
        :: else -> break
        od
#endif
    };
    do
    :: submitted < URLS -> d_step { queued[submitted] = true; submitted++ }; feed()
#ifdef LONG /* the caller hands in all before it waits */
    :: (submitted == URLS && submitted > reported) || any_zombie ->
#else
    :: submitted > reported || any_zombie ->
#endif
       turn();
#ifdef V_TAKE_FROM_LIVE
       lose_patience();
#endif
       feed();
       if
#ifdef LONG
       :: submitted == URLS && submitted > reported -> sleep()
#else
       :: submitted > reported -> sleep()
#endif
       :: else
       fi
#if CANCELS > 0
    :: cancels > 0 -> cancel(0)
#if SLOTS > 1
    :: cancels > 0 -> cancel(1)
#endif
#endif
#ifdef KEEP
    :: d_step { holder[0] && !placed[0] -> set_free(0); keeps = false }
    :: d_step { holder[1] && !placed[1] -> set_free(1); keeps = false }
#endif
    :: reported == URLS -> break
    od
}
