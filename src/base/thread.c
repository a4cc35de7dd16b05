/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/thread.h"

#include <stdatomic.h>
#include <string.h>

#include "base/aligned.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/sync.h"

/* Processors fetch lines of 64 bytes in pairs, or have lines of 128. */
#define LINE 128

/* A sleeper takes some 5 to 100 us to wake; waiting about as long before going to sleep costs at most twice what the
 * better choice would have (Karlin et al., Competitive randomized algorithms for nonuniform problems, 1990). */
#define SPIN_NS 100000

/* Pauses between two looks at the clock: a pause takes 3 to 50 ns, the clock 20. */
enum { PAUSES = 16 };

/* Two counts in one word: which job, and grains of it. */
enum { COUNT_BITS = 24 };
#define MOST_GRAINS (((int32_t)1 << COUNT_BITS) - 1)

/* What there is to compute. */
typedef struct job_info {
    mn_team_part part;
    void *context;
    int32_t units, grain;
    int32_t end; /* of a member's share, in grains */
} job_info;

typedef struct member {
    /* The share lies in one line with what it is a share of: a member has it all when it sees that it is called. */
    _Alignas(LINE) _Atomic uint64_t left; /* the last job this member had a share in, grains of it not taken yet */
    job_info job;          /* may be read by whoever has taken a piece, for it stays until that is done */
    _Atomic uint64_t done; /* the last job it took pieces of, grains of it that it has computed */
    _Atomic bool awake;
    int64_t kept; /* this and what follows is for the member alone */
    int32_t index;
    mn_team *team;
    mn_thread thread;
} member;

struct mn_team {
    /* What waiting members read beside their own share: written at the beginning and the end alone, so that each has a
     * copy of the line in its cache, and none takes another line from the caller, who writes the next job there. */
    _Alignas(LINE) int32_t threads; /* the caller included */
    int32_t processors;
    _Atomic bool closing;

    /* For the caller alone. */
    _Alignas(LINE) uint64_t job; /* counts jobs from 1 */
    int32_t grains;              /* of it */

    _Alignas(LINE) _Atomic bool caller_sleeps;

    _Alignas(LINE) mn_mutex mutex;
    mn_condition wake, done;
    _Atomic int32_t asleep; /* members that sleep and are not summoned; written under the mutex */
    int32_t summoned;       /* members that may wake; under the mutex */
    member members[];       /* [threads], the caller first */
};

/* ---- Who is at work in this process --------------------------------------------------------------------- */

static _Alignas(LINE) _Atomic int32_t at_work; /* threads that run or spin */
static _Thread_local int32_t nested;           /* > 0: this thread is counted */

void mn_work_begin(void) {
    if (nested++ == 0) atomic_fetch_add(&at_work, 1);
}

void mn_work_end(void) {
    if (--nested == 0) atomic_fetch_sub(&at_work, 1);
}

static int32_t free_processors(const mn_team *team) {
    return team->processors - atomic_load_explicit(&at_work, memory_order_relaxed);
}

/* Keeps a spinning thread from polling at full rate. On Arm YIELD does nothing on cores without threads of their own,
 * while ISB refills the pipeline; docs/performance.md says why not WFE. RISC-V's is PAUSE, a hint that older cores and
 * assemblers do not know. */
static void pause_briefly(void) {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
    __builtin_ia32_pause();
#elif defined(__GNUC__) && (defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7))
    __asm__ volatile("isb");
#elif defined(__GNUC__) && defined(__riscv)
    __asm__ volatile(".4byte 0x0100000f");
#endif
}

/* Spins until `ready`; false after SPIN_NS, or at once when others need the processor. */
static bool spin(const mn_team *team, bool (*ready)(const void *what), const void *what) {
    for (uint64_t end = 0;;) {
        for (int i = 0; i < PAUSES; i++) {
            if (ready(what)) return true;
            pause_briefly();
        }
        if (free_processors(team) < 0) return false;
        const uint64_t now = mn_clock_ns();
        if (end == 0) end = now + SPIN_NS;
        if (now >= end) return false;
    }
}

/* ---- Work ----------------------------------------------------------------------------------------------- */

static int32_t count_in(uint64_t word) { return (int32_t)(word & (uint64_t)MOST_GRAINS); }
static uint64_t job_in(uint64_t word) { return word >> COUNT_BITS; }

static void compute(const member *self, const job_info *j, int32_t first, int32_t grains) {
    const int64_t end = ((int64_t)first + grains) * j->grain;
    j->part(j->context, self->index, first * j->grain, end < j->units ? (int32_t)end : j->units);
}

/* The caller says that it sleeps and then counts what is done; a member counts and then looks for the caller. One of
 * the two sees the other. */
static void report(member *self, uint64_t job, int32_t grains) {
    mn_team *team = self->team;
    const uint64_t before = atomic_load_explicit(&self->done, memory_order_relaxed);
    atomic_store(&self->done, (job_in(before) == job ? before : job << COUNT_BITS) + (uint64_t)grains);
    if (!atomic_load(&team->caller_sleeps)) return;
    mn_mutex_lock(&team->mutex);
    mn_condition_signal(&team->done);
    mn_mutex_unlock(&team->mutex);
}

/* Pieces of a share are half of what is left of it. */
static int32_t piece_of(int32_t grains) { return (grains + 1) / 2; }

/* Computes a piece of a share of `job`: that which begins where `left` grains of the share are left. */
static void compute_piece(member *self, const member *owner, uint64_t job, int32_t left, int32_t piece) {
    if (job_in(atomic_load_explicit(&self->done, memory_order_relaxed)) != job) self->kept = -1;
    compute(self, &owner->job, owner->job.end - left, piece);
    report(self, job, piece);
}

/* Computes what is left of a share, piece by piece. That a piece was there to take means that its job is not over, and
 * stays so until the piece is reported: only now may the job be looked at. */
static void empty_share(member *self, member *owner) {
    uint64_t left = atomic_load_explicit(&owner->left, memory_order_relaxed);
    while (count_in(left) > 0) {
        const int32_t piece = piece_of(count_in(left));
        if (!atomic_compare_exchange_weak_explicit(&owner->left, &left, left - (uint64_t)piece, memory_order_acquire,
                                                   memory_order_relaxed)) {
            continue;
        }
        compute_piece(self, owner, job_in(left), count_in(left), piece);
        left = atomic_load_explicit(&owner->left, memory_order_relaxed);
    }
}

/* One's own share first, then the others'. */
static void empty_shares(member *self) {
    mn_team *team = self->team;
    for (int32_t i = self->index; i < team->threads; i++) empty_share(self, &team->members[i]);
    for (int32_t i = 0; i < self->index; i++) empty_share(self, &team->members[i]);
}

/* ---- Members -------------------------------------------------------------------------------------------- */

static bool is_called(const void *who) {
    const member *self = who;
    return count_in(atomic_load_explicit(&self->left, memory_order_relaxed)) > 0 ||
           atomic_load_explicit(&self->team->closing, memory_order_relaxed);
}

static void sleep_until_summoned(member *self) {
    mn_team *team = self->team;
    mn_mutex_lock(&team->mutex);
    if (!is_called(self)) {
        atomic_store_explicit(&self->awake, false, memory_order_relaxed);
        atomic_fetch_add(&team->asleep, 1);
        atomic_fetch_sub(&at_work, 1);
        while (team->summoned == 0) mn_condition_wait(&team->wake, &team->mutex);
        team->summoned--;
        atomic_store_explicit(&self->awake, true, memory_order_relaxed);
    }
    mn_mutex_unlock(&team->mutex);
}

/* Wakes up to `most` sleepers, which count as at work from now on. Whoever goes to sleep later, having taken the mutex
 * later, sees all that was written before the call. */
static void summon(mn_team *team, int32_t most) {
    mn_mutex_lock(&team->mutex);
    const int32_t count = mn_min_i32(atomic_load(&team->asleep), most);
    atomic_fetch_sub(&team->asleep, count);
    atomic_fetch_add(&at_work, count);
    team->summoned += count;
    for (int32_t i = 0; i < count; i++) mn_condition_signal(&team->wake);
    mn_mutex_unlock(&team->mutex);
}

static void member_main(void *argument) {
    member *self = argument;
    nested = 1; /* mn_team_create has counted this thread */
    while (!atomic_load(&self->team->closing)) {
        empty_shares(self);
        if (!spin(self->team, is_called, self)) sleep_until_summoned(self);
    }
    mn_work_end();
}

/* ---- The caller ----------------------------------------------------------------------------------------- */

static bool is_done(const void *what) {
    const mn_team *team = what;
    int32_t left = team->grains;
    for (int32_t i = 0; i < team->threads; i++) {
        const uint64_t done = atomic_load(&team->members[i].done);
        if (job_in(done) == job_in(team->job << COUNT_BITS)) left -= count_in(done);
    }
    return left == 0;
}

static void await_others(mn_team *team) {
    if (spin(team, is_done, team)) return;
    mn_mutex_lock(&team->mutex);
    atomic_store(&team->caller_sleeps, true);
    while (!is_done(team)) mn_condition_wait(&team->done, &team->mutex);
    atomic_store(&team->caller_sleeps, false);
    mn_mutex_unlock(&team->mutex);
}

/* Which members have a share in the next job: those awake, the caller among them, or all. */
static int32_t choose_members(const mn_team *team, bool everyone, bool chosen[MN_MAX_THREADS]) {
    int32_t shares = 0;
    for (int32_t i = 0; i < team->threads; i++) {
        chosen[i] = everyone || atomic_load_explicit(&team->members[i].awake, memory_order_relaxed);
        shares += chosen[i];
    }
    return shares;
}

/* Gives each chosen member its share, the caller last: it knows already. Of its own the caller has taken the first
 * piece before anyone sees it, for taking it then would wait until all that is written here has come to the others.
 * Returns how many grains the caller's share has. */
static int32_t cut_shares(mn_team *team, job_info j, const bool chosen[MN_MAX_THREADS], int32_t shares) {
    const uint64_t number = ++team->job << COUNT_BITS;
    j.end = team->grains;
    for (int32_t i = team->threads, place = shares; i-- > 0;) {
        member *m = &team->members[i];
        if (!chosen[i]) continue;
        const int32_t begin = (int32_t)((int64_t)team->grains * --place / shares), grains = j.end - begin;
        m->job = j;
        atomic_store_explicit(&m->left, number + (uint64_t)(i == 0 ? grains - piece_of(grains) : grains),
                              memory_order_release);
        if (i > 0) j.end = begin;
    }
    return j.end;
}

static void run_job(mn_team *team, int32_t units, int32_t grain, mn_team_part part, void *context, bool everyone) {
    bool chosen[MN_MAX_THREADS];
    const int32_t shares = choose_members(team, everyone, chosen);
    /* Who is still waking has no share, but finds pieces in the others'. */
    if (shares == 1 && atomic_load_explicit(&team->asleep, memory_order_relaxed) == team->threads - 1) {
        team->members[0].kept = -1;
        part(context, 0, 0, units);
        return;
    }
    grain = mn_max_i32(grain, units / MOST_GRAINS + 1);
    team->grains = (int32_t)(((int64_t)units + grain - 1) / grain);
    const job_info info = {.part = part, .context = context, .units = units, .grain = grain};
    const int32_t own = cut_shares(team, info, chosen, shares);
    if (everyone) summon(team, team->threads);
    member *caller = &team->members[0];
    if (own > 0) compute_piece(caller, caller, job_in(team->job << COUNT_BITS), own, piece_of(own));
    empty_shares(caller);
    await_others(team);
}

void mn_team_share(mn_team *team, int32_t units, int32_t grain, mn_team_part part, void *context) {
    mn_work_begin();
    const int32_t free = atomic_load_explicit(&team->asleep, memory_order_relaxed) > 0 ? free_processors(team) : 0;
    if (free > 0) summon(team, free);
    run_job(team, units, grain, part, context, false);
    mn_work_end();
}

int64_t *mn_team_kept(mn_team *team, int32_t index) { return &team->members[index].kept; }

typedef struct places {
    mn_team_job job;
    void *context;
    int32_t threads;
} places;

static void take_places(void *context, int32_t index, int32_t begin, int32_t end) {
    (void)index;
    const places *p = context;
    for (int32_t i = begin; i < end; i++) p->job(p->context, i, p->threads);
}

void mn_team_run(mn_team *team, mn_team_job job, void *context) {
    places p = {.job = job, .context = context, .threads = team->threads};
    mn_work_begin();
    run_job(team, team->threads, 1, take_places, &p, true);
    mn_work_end();
}

/* ---- Beginning and end ---------------------------------------------------------------------------------- */

/* Ends members 1 to `started` and frees the team. */
static void shut_down(mn_team *team, int32_t started) {
    atomic_store(&team->closing, true);
    summon(team, team->threads);
    for (int32_t i = 1; i <= started; i++) mn_thread_join(&team->members[i].thread);
    mn_condition_destroy(&team->wake);
    mn_condition_destroy(&team->done);
    mn_mutex_destroy(&team->mutex);
    mn_aligned_free(team);
}

static mn_status start_member(mn_team *team, member *next) {
    atomic_fetch_add(&at_work, 1);
    const char *reason = mn_thread_start(&next->thread, member_main, next);
    if (!reason) return MN_OK;
    atomic_fetch_sub(&at_work, 1);
    return mn_fail(MN_ERROR_THREAD, "thread %d of %d cannot be started: %s; ask for fewer threads", next->index + 1,
                   team->threads, reason);
}

mn_status mn_team_create(int32_t threads, mn_team **out) {
    const size_t bytes = sizeof(mn_team) + (size_t)threads * sizeof(member);
    mn_team *team = mn_aligned_alloc(LINE, bytes);
    if (!team) return mn_fail_memory("threads");
    memset(team, 0, bytes);
    team->threads = threads;
    team->processors = mn_available_processors();
    mn_mutex_init(&team->mutex);
    mn_condition_init(&team->wake);
    mn_condition_init(&team->done);
    for (int32_t i = 0; i < threads; i++) {
        team->members[i].team = team;
        team->members[i].index = i;
        atomic_init(&team->members[i].awake, true);
    }
    for (int32_t i = 1; MN_HAS_THREADS && i < threads; i++) {
        mn_status status = start_member(team, &team->members[i]);
        if (status != MN_OK) {
            shut_down(team, i - 1);
            return status;
        }
    }
    *out = team;
    return MN_OK;
}

void mn_team_close(mn_team **team) {
    if (*team) shut_down(*team, (*team)->threads - 1);
    *team = NULL;
}
