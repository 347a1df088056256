/* layout.h: all that the processes share, each field with its owner.
 *
 *     control segment                                  body segment (sparse: pages exist once written)
 *     +----------+--------+-------+--------+-------+   +----------+----------+----------+---
 *     | header   | roster | slots | rings' | done  |   | extent 0 | extent 1 | extent 2 |
 *     | + rings  |        |       | entries| rings |   +----------+----------+----------+---
 *     +----------+--------+-------+--------+-------+   each stride bytes, see extent.h
 *
 * Notation behind a field: writer | readers | order | life. "c" is the coordinator, "w" a worker, "claimer" the one
 * worker that the slot's state names. Only offsets and indexes are stored, never pointers. Whoever reads an index or a
 * length out of here checks it before use: see slot_copy_result() and ring_claim(). */
#ifndef SHOAL_LAYOUT_H
#define SHOAL_LAYOUT_H

#include <assert.h>
#include <semaphore.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"

#define LAYOUT_MAGIC 0x314c414f4853ull /* "SHOAL1" */
#define LAYOUT_VERSION 2u
#define CACHE_LINE 64
#define SLOT_NONE UINT32_MAX
#define ASLEEP_WORDS ((WORKERS_MAX + 1 + 63) / 64)

/* Which of the two task rings: suspects run alone, in a worker of their own, so that a crash names its cause. */
enum ring_kind { RING_WORK, RING_QUARANTINE, RING_COUNT };

/* A task ring: slot indexes in order. The slots' own words are the truth, the ring is only the order to look in. */
struct ring_shm {
    alignas(CACHE_LINE) _Atomic uint64_t head; /* any claimer, c | all | acq_rel CAS | grows for ever */
    alignas(CACHE_LINE) _Atomic uint64_t tail; /* c | all | release | grows for ever */
    uint64_t entries_offset;                   /* c before fork | all | plain | for ever */
    uint32_t capacity;                         /* c before fork | all | plain | a power of two */
    uint32_t pad;
    /* Wake-up hints for workers that hold nothing: "look at the ring". No count rests on it. */
    alignas(CACHE_LINE) sem_t work; /* c posts | w wait */
};

/* Who sleeps, a bit a worker: the coordinator wakes no one who is awake. A bit may be stale after a death until the
 * reaper clears it; a stale bit costs one needless wake-up. */
struct asleep_shm {
    alignas(
        CACHE_LINE) _Atomic uint64_t idle[ASLEEP_WORDS]; /* w sets and clears, c clears when reaping | c | seq_cst */
    alignas(CACHE_LINE) _Atomic uint64_t
        room[ASLEEP_WORDS]; /* w sets and clears, c clears when it rings | c, w | seq_cst */
};

struct header_shm {
    uint64_t
        magic; /* c before fork | tests | plain | for ever; so are all up to the next cache line, which c keeps a copy of */
    uint32_t version;
    uint32_t stamp;        /* layout_stamp(): sizes and offsets that this build was made with */
    uint32_t roster_count; /* workers and the one for quarantine */
    uint32_t slot_count;
    uint32_t done_capacity; /* a power of two */
    uint32_t pad;
    uint64_t roster_offset;
    uint64_t slots_offset;
    uint64_t done_offset;
    uint64_t control_bytes;
    uint64_t body_stride;
    uint64_t body_bytes;
    uint64_t memory_bytes_max;
    alignas(CACHE_LINE) _Atomic uint32_t shutdown; /* c | w | release | 0, then 1 */
    alignas(CACHE_LINE) _Atomic uint32_t
        coordinator_sleeps; /* c sets and clears, w clears when it wakes c | all | seq_cst */
    struct asleep_shm asleep;
    struct ring_shm rings[RING_COUNT];
};

/* What each worker says of itself. One line that it writes often, one that it writes seldom. */
struct roster_shm {
    alignas(CACHE_LINE) _Atomic uint64_t heartbeat; /* w | c | relaxed | grows while the worker turns its loop */
    _Atomic uint32_t current;  /* w | c | release | slot whose data is being worked on, SLOT_NONE between */
    _Atomic uint32_t held;     /* w | c | relaxed | slots claimed and not published */
    _Atomic uint64_t finished; /* w | c | relaxed | slots published by this incarnation */
    _Atomic uint32_t paused;   /* w | c | seq_cst | transfers that wait for body memory */
    _Atomic uint32_t
        unconfined; /* w at its start | c | relaxed | sandbox parts that it had to leave out; last life's stays */
    alignas(
        CACHE_LINE) _Atomic uint32_t pid; /* w at its start | who looks in from outside | release | this incarnation */
    _Atomic uint32_t incarnation;         /* c before fork | the same | relaxed | this incarnation */
};

/* A worker's announcements: slot indexes that it finished. Single producer, single consumer. */
struct done_ring_shm {
    alignas(CACHE_LINE) _Atomic uint32_t tail;      /* w | c | release | wraps */
    alignas(CACHE_LINE) _Atomic uint32_t head;      /* c | w | release | wraps */
    alignas(CACHE_LINE) _Atomic uint32_t entries[]; /* done_capacity; w | c | relaxed, published by tail */
};

#define RESULT_TYPE_BYTES 104
#define RESULT_DETAIL_BYTES 120
#define RESULT_IP_BYTES 48

/* What one request wants otherwise: enum request_flag of the coordinator. */
enum job_flag {
    JOB_KEEP_BODY = 1u << 0,
    JOB_NO_REDIRECT = 1u << 1,
    JOB_ALLOW_PRIVATE = 1u << 2,
    JOB_RESOLVE = 1u << 3,
    JOB_SITEMAP = 1u << 4,
    JOB_CUT = 1u << 5,
    JOB_PAGE_ONLY = 1u << 6,
    JOB_FLAGS_ALL = (1u << 7) - 1
};

/* How a fetch ended. Written by the claimer between claim and publish, read by the coordinator after DONE. Offsets
 * count from the start of the slot's extent. */
struct result_shm {
    uint16_t error; /* enum fetch_error */
    uint16_t http_status;
    uint16_t http_version; /* 10, 11, 20, 30 */
    uint16_t redirects;
    int32_t curl_code;
    int32_t os_errno;
    int64_t retry_after_s; /* -1: none */
    uint64_t body_offset;
    uint64_t body_bytes;  /* decoded; counted also where it was dropped */
    uint64_t body_stored; /* bytes that lie at body_offset */
    uint64_t wire_bytes;
    uint32_t effective_offset;
    uint32_t effective_bytes; /* 0: the URL as requested */
    uint32_t headers_offset;
    uint32_t headers_bytes;
    int64_t queued_us, dns_us, connect_us, tls_us, first_byte_us, total_us; /* -1: did not happen */
    uint8_t has_sha256;
    uint8_t insecure;
    uint8_t is_cut;
    uint8_t has_page; /* the next two fields count */
    uint32_t links;   /* found in the body, where they are counted */
    uint64_t page_offset;
    uint32_t page_bytes;
    uint32_t pad;
    uint8_t sha256[32];
    char content_type[RESULT_TYPE_BYTES]; /* NUL-terminated, cut */
    char remote_ip[RESULT_IP_BYTES];
    char detail[RESULT_DETAIL_BYTES];
};

/* One URL in flight. Everything but the state word belongs to the coordinator while FREE or DONE, to the claimer while
 * CLAIMED; while READY nobody writes. */
struct slot_shm {
    alignas(CACHE_LINE) _Atomic uint64_t state; /* see state.h | all | acquire, release | for ever */
    _Atomic uint64_t reserved_bytes;            /* claimer, else c | all | seq_cst | pages of the extent in use */
    int64_t submitted_ns;                       /* c | claimer | by state | one task */
    uint16_t url_bytes;      /* c | claimer | by state | one task; at offset 0 of the extent, NUL behind */
    uint16_t header_bytes;   /* c | claimer | by state | one task; lines behind the URL, each ends in NUL */
    uint32_t flags;          /* c | claimer | by state | one task: enum job_flag */
    _Atomic uint32_t cancel; /* c | claimer | release | one task: not 0 asks to abort */
    uint32_t pad;
    uint64_t task;            /* c | claimer | by state | serial number of the future */
    _Atomic uint32_t growing; /* claimer sets, both clear | all | seq_cst | one task: its body asks for pages */
    _Atomic uint32_t ring;    /* c | claimers | relaxed | one task: which ring it may be claimed from */
    uint64_t body_bytes_max;  /* c | claimer | by state | one task: 0: as for all */
    struct result_shm result; /* claimer | c | by state | one task */
};

static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "shared words must need no lock");
static_assert(offsetof(struct slot_shm, result) == CACHE_LINE, "the request is one cache line");
static_assert(URL_BYTES_MAX <= UINT16_MAX && REQUEST_HEADER_BYTES_MAX <= UINT16_MAX, "the request's lengths are short");
static_assert(offsetof(struct result_shm, page_offset) == 2 * CACHE_LINE, "what every result has is two cache lines");
static_assert(sizeof(struct slot_shm) == 8 * CACHE_LINE, "slots are whole cache lines");
static_assert(sizeof(struct roster_shm) == 2 * CACHE_LINE, "the roster is two cache lines a worker");
static_assert(offsetof(struct ring_shm, work) == 2 * CACHE_LINE, "head, tail and semaphore share no line");
static_assert(sizeof(sem_t) <= CACHE_LINE, "the semaphore fits its line");

/* A number that changes with every size and offset above, for whoever maps a segment made by another build. */
uint32_t layout_stamp(void);

#endif
