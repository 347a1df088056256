/* What spin explores.
 *
 * worker.pml: worker/worker.c with ring_claim(), slot_publish(), done_ring_push() and the marks of roster.c. */

#if defined(V_SEM_LOCK)
/* As in a textbook: the ring belongs to whoever holds the semaphore. */
inline ring_claim()
{
    if
    :: d_step { ring_lock > 0 -> ring_lock-- }
    DIES
    fi;
    if
    :: d_step { head[kind] < tail[kind] -> slot = entry[at(kind, head[kind])]; head[kind]++; won = true }
    :: head[kind] == tail[kind]
    DIES
    fi;
    if
    :: d_step {
           if
           :: won -> state[slot] = CLAIMED; owner[slot] = me; life[slot] = incarnation[me]; seen = generation[slot]
           :: else
           fi;
           ring_lock++
       }
    DIES
    fi
}
#elif defined(V_TAKE_THEN_SAY)
/* Takes the entry out of the ring, then marks the slot. */
inline ring_claim()
{
    do
    :: d_step { head[kind] < tail[kind] -> slot = entry[at(kind, head[kind])]; head[kind]++ };
       if
       :: d_step {
              state[slot] == READY -> won = true; state[slot] = CLAIMED; owner[slot] = me; life[slot] = incarnation[me];
              seen = generation[slot]
          }; break
       :: state[slot] != READY
       DIES
       fi
    :: head[kind] == tail[kind] -> break
    DIES
    od
}
#else
inline ring_claim()
{
    do
    DIES
#if RING < 4
    :: d_step { true; h = head[kind] };
       if
       :: d_step { h >= tail[kind] -> h = 0 }; break
       :: d_step { h < tail[kind] -> slot = entry[at(kind, h)] }
       DIES
       fi;
#else /* nothing is written over: what lies at a head stays there */
    :: head[kind] == tail[kind] -> break
    :: d_step { head[kind] < tail[kind] -> h = head[kind]; slot = entry[at(kind, h)] };
#endif
       if
       :: d_step { true; seen = generation[slot]; ready = (state[slot] == READY) }
       DIES
       fi;
#if KINDS == 2 && !defined(V_NO_RING_CHECK)
       if
       :: d_step { ready = ready && ring_of[slot] == kind }
       DIES
       fi;
#endif
       if
       :: !ready
       :: d_step { /* the claim: one compare-and-swap */
              ready -> ready = false;
              if
#ifdef V_NO_GENERATION
              :: state[slot] == READY -> seen = generation[slot];
#else
              :: state[slot] == READY && generation[slot] == seen ->
#endif
                 state[slot] = CLAIMED; owner[slot] = me; life[slot] = incarnation[me]; won = true
              :: else
              fi
          }
       DIES
       fi;
#ifdef V_NO_HELP
       if
       :: !won
       :: won ->
#endif
       if
       :: d_step { /* the head: whoever comes first */
              if
              :: head[kind] == h -> head[kind]++
              :: else
              fi;
              h = 0
          }
       DIES
       fi
#ifdef V_NO_HELP
       fi
#endif
       ;
       if
       :: won -> break
       :: else
       fi
    od
}
#endif

inline announce(s)
{
#if defined(V_SHARED_DONE_RING)
    if
    :: d_step { true; mine = ticket; ticket++ }
    DIES
    fi;
    if
    :: d_step { cell[mine] = s + 1; mine = 0 }
    DIES
    fi
#elif defined(V_NO_TELL_FENCE)
    if
    :: d_step { late[me] == 0 -> late[me] = s + 1 }
    DIES
    fi
#else
    if
    :: done[me] ! s
    DIES
    fi
#endif
}

/* Result, DONE, announcement. */
inline publish(s, g, u)
{
#ifndef V_DONE_THEN_RESULT
    if
    :: result[s] = u
    DIES
    fi;
#endif
#ifdef V_ANNOUNCE_FIRST
    announce(s);
    news = true;
#endif
    if
    :: d_step {
#ifdef V_BLIND_PUBLISH
           published = true;
#else
           published = (state[s] == CLAIMED && owner[s] == me && is_life(s, me) && generation[s] == g);
#endif
           if
           :: published -> state[s] = DONE;
#ifdef V_NO_OWNER_IN_DONE
              owner[s] = NONE
#endif
           :: else
           fi;
#ifndef ONLY_REPORTS
           assert(left_to_the_living)
#endif
       }
    DIES
    fi;
#ifdef V_DONE_THEN_RESULT
    if
    :: result[s] = u
    DIES
    fi;
#endif
#ifndef V_ANNOUNCE_FIRST
    if
    :: published -> published = false; announce(s); news = true
    :: else
    fi
#endif
}

/* What is claimed begins: the request is read. */
inline begin(s)
{
    if
    :: d_step {
           true; url = request[s];
#ifndef ONLY_REPORTS
           assert(death_costs_one(url));
#endif
           may_begin[url] = false;
#if KINDS == 2
           assert(suspect_is_alone(url, me))
#endif
       }
    DIES
    fi;
#ifdef HELD
    d_step {
        if
        :: job[0] == NONE -> job[0] = url; job_slot[0] = s; job_word[0] = seen
        :: else -> job[CAPACITY - 1] = url; job_slot[CAPACITY - 1] = s; job_word[CAPACITY - 1] = seen
        fi;
        holds++
    }
#else
    publish(s, seen, url)
#endif
}

inline claim_some()
{
    claimed = false;
    if
    :: holds < CAPACITY ->
       if
       :: d_step { /* its share of what waits; ring_length() loads head, then tail: emptiness is that of the second moment */
              wanted = (waiting(kind) + (kind -> 1 : WORKERS) - 1) / (kind -> 1 : WORKERS);
              wanted = (wanted > CAPACITY - holds -> CAPACITY - holds : wanted)
          }
       DIES
       fi;
       do
       :: wanted > 0 ->
          ring_claim();
          if
          :: won -> won = false; claimed = true; wanted--; begin(slot)
          :: else -> wanted = 0
          fi
       :: else -> break
       od
    :: else
    fi;
    atomic { slot = 0; seen = 0; url = 0; ready = false }
}

inline tell_coordinator()
{
    if
    :: news -> news = false;
       if
       :: d_step { !sleeps -> skip }
       :: d_step { sleeps -> sleeps = false };
          if
          :: told = true
          DIES
          fi
       DIES
       fi
    :: else
    fi
}

#ifdef LONG
#define may_end(u) (u != 0 || ended >= URLS - 1)
#else
#define may_end(u) true
#endif
#define ends(i) job[i] != NONE && may_end(job[i]) -> publish(job_slot[i], job_word[i], job[i]); \
    d_step { job[i] = NONE; job_slot[i] = 0; job_word[i] = 0; holds-- }

/* With transfers: the poll set. */
inline wait_busy()
{
    is_empty = true;
    if
    :: holds == CAPACITY
    :: else ->
       if
       :: room[me] = true
       DIES
       fi;
       if
       :: is_empty = (waiting(kind) == 0)
       DIES
       fi
    fi;
    if
    :: !is_empty /* polls without waiting */
    :: d_step { bell[me] -> bell[me] = false }
    :: ends(0)
#if CAPACITY > 1
    :: ends(CAPACITY - 1)
#endif
    DIES
    fi;
    is_empty = false;
    if
    :: room[me] = false
    DIES
    fi
}

inline sem_wait()
{
    if
    :: d_step { tokens[kind] > 0 -> tokens[kind]-- }
    :: d_step { tokens[kind] == 0 -> waiters[kind]++ };
       do
       :: d_step { tokens[kind] > 0 -> tokens[kind]--; waiters[kind]-- }; break
       :: d_step { tokens[kind] == 0 -> asleep[me] = true };
end_asleep:
          if
          :: !asleep[me]
          DIES
          fi
       DIES
       od
    DIES
    fi
}

/* Holding nothing: the semaphore. */
inline wait_idle()
{
#ifdef V_LOOK_THEN_MARK
    if
    :: is_empty = (waiting(kind) == 0)
    DIES
    fi;
#endif
    if
    :: idle[me] = true
    DIES
    fi;
#ifndef V_LOOK_THEN_MARK
    if
    :: is_empty = (waiting(kind) == 0)
    DIES
    fi;
#endif
    if
    :: is_empty -> is_empty = false; sem_wait()
    :: else
    fi;
    if
    :: idle[me] = false
    DIES
    fi;
#ifdef HELD
    if
    :: bell[me] = false
    DIES
    fi
#endif
}

proctype worker(byte me)
{
    byte h, slot, seen, url, wanted, holds, index;
    bool ready, won, published, news, claimed, is_empty;
#ifdef HELD
    byte job[CAPACITY] = NONE;
    byte job_slot[CAPACITY], job_word[CAPACITY];
#endif
#ifdef V_SHARED_DONE_RING
    byte mine;
#endif
    bit kind = kind_of(me);

end_unborn:
    (alive[me] && !zombie[me]);
    do
    :: claim_some();
       tell_coordinator();
#ifdef HELD
       if
       :: holds > 0 -> wait_busy()
       :: holds == 0 && !claimed -> wait_idle()
       :: else
       fi
#else
       if
       :: !claimed -> wait_idle()
       :: else
       fi
#endif
    od;

killed:
#ifdef V_NO_TELL_FENCE
    late[me] == 0; /* what was stored is stored */
#endif
    atomic {
        h = 0; slot = 0; seen = 0; url = 0; wanted = 0; holds = 0;
        ready = false; won = false; published = false; news = false; claimed = false; is_empty = false;
#ifdef HELD
        job[0] = NONE; job_slot[0] = 0; job_word[0] = 0;
        job[CAPACITY - 1] = NONE; job_slot[CAPACITY - 1] = 0; job_word[CAPACITY - 1] = 0;
#endif
#ifdef V_SHARED_DONE_RING
        mine = 0;
#endif
        do /* whom it strikes */
        :: index < SLOTS ->
           if
           :: state[index] == CLAIMED && owner[index] == me && is_life(index, me) ->
              may_begin[request[index]] = true
           :: else
           fi;
           index++
        :: else -> break
        od;
        index = 0;
        asleep[me] = false
    };
    atomic {
        if
        :: zombie[me] = true
#if KINDS == 2
        :: crashes > 0 && me != QUARANTINE -> crashes--; crashed[me] = true; zombie[me] = true
#endif
        fi;
#ifdef V_DEATH_INTERRUPTS
        if
        :: in_sleep -> interrupted = true
        :: else
        fi
#endif
    };
    goto end_unborn
}
