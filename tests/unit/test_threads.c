/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Teams under stress: sizes and grains of all kinds, steps that depend on each other, many teams at once, members that
 * sleep. Counters are plain, so that the thread sanitizer sees whatever is not in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "base/checked.h"
#include "base/sync.h"
#include "base/thread.h"

enum { UNITS = 4096, TEAMS = 6, CELLS = 300, MOST = 64 };

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static int32_t between(uint32_t *state, int32_t low, int32_t high) {
    return low + (int32_t)(next_random(state) % (uint32_t)(high - low + 1));
}

static void sleep_us(long us) {
    struct timespec time = {.tv_nsec = us * 1000};
    nanosleep(&time, NULL);
}

static mn_team *open_team(int32_t threads) {
    mn_team *team = NULL;
    assert_int_equal(mn_team_create(threads, &team), MN_OK);
    return team;
}

/* ---- Every unit once ------------------------------------------------------------------------------------ */

typedef struct ledger {
    mn_team *team;
    int32_t threads, units, grain;
    int32_t computed[UNITS];
    _Atomic int32_t here[MN_MAX_THREADS]; /* member at work: 1 */
    int64_t pieces[MN_MAX_THREADS];       /* by member */
    _Atomic int32_t wrong;
} ledger;

/* Does the member still have the number that it left after its last piece of this job? */
static bool is_kept(ledger *l, int32_t member) {
    int64_t *kept = mn_team_kept(l->team, member);
    const bool is = *kept == l->pieces[member] - 1;
    *kept = l->pieces[member]++;
    return is;
}

static void enter_units(void *context, int32_t member, int32_t begin, int32_t end) {
    ledger *l = context;
    bool good = member >= 0 && member < l->threads && begin >= 0 && begin < end && end <= l->units;
    if (!good || begin % l->grain != 0 || (end % l->grain != 0 && end != l->units)) {
        atomic_fetch_add(&l->wrong, 1);
        return;
    }
    if (atomic_exchange(&l->here[member], 1) != 0 || !is_kept(l, member)) atomic_fetch_add(&l->wrong, 1);
    for (int32_t i = begin; i < end; i++) l->computed[i]++;
    atomic_store(&l->here[member], 0);
}

static void share_at_random(mn_team *team, ledger *l, uint32_t *random) {
    l->units = between(random, 1, UNITS);
    l->grain = between(random, 0, 3) == 0 ? between(random, 1, UNITS) : between(random, 1, 9);
    memset(l->computed, 0, sizeof l->computed);
    memset(l->pieces, 0, sizeof l->pieces);
    l->team = team;
    mn_team_share(team, l->units, l->grain, enter_units, l);
    for (int32_t i = 0; i < UNITS; i++) {
        if (l->computed[i] != (i < l->units)) atomic_fetch_add(&l->wrong, 1);
    }
}

static void test_every_unit_once(void **state) {
    (void)state;
    static ledger l;
    uint32_t random = 1;
    for (int32_t round = 0; round < 60; round++) {
        l.threads = between(&random, 2, MOST);
        mn_team *team = open_team(l.threads);
        for (int32_t i = 0; i < 60; i++) share_at_random(team, &l, &random);
        mn_team_close(&team);
        assert_null(team);
        assert_int_equal(l.wrong, 0);
    }
}

typedef struct tally {
    int64_t sum[MN_MAX_THREADS];
} tally;

static void add_length(void *context, int32_t member, int32_t begin, int32_t end) {
    ((tally *)context)->sum[member] += end - begin;
}

/* More units than the counters of a share can hold. */
static void test_a_thousand_million_units(void **state) {
    (void)state;
    mn_team *team = open_team(3);
    for (int32_t units = INT32_MAX; units > 1000000; units /= 3) {
        tally t = {{0}};
        mn_team_share(team, units, 1, add_length, &t);
        assert_int_equal(t.sum[0] + t.sum[1] + t.sum[2], units);
    }
    mn_team_close(&team);
}

/* ---- Steps that depend on each other -------------------------------------------------------------------- */

/* Like the layers of a network: every cell is made of three neighbours in the step before. */
typedef struct layers {
    uint32_t cells[2][CELLS];
    int32_t from;
} layers;

static void compute_cells(void *context, int32_t member, int32_t begin, int32_t end) {
    layers *l = context;
    const uint32_t *in = l->cells[l->from];
    uint32_t *out = l->cells[1 - l->from];
    (void)member;
    for (int32_t i = begin; i < end; i++) {
        out[i] = in[(i + CELLS - 1) % CELLS] * 3 + (in[i] ^ 0x5bd1e995u) + (in[(i + 1) % CELLS] >> 3);
    }
}

static uint32_t run_layers(mn_team *team, uint32_t seed, int32_t steps) {
    layers l = {.from = 0};
    for (int32_t i = 0; i < CELLS; i++) l.cells[0][i] = seed + (uint32_t)i;
    for (int32_t s = 0; s < steps; s++, l.from = 1 - l.from) {
        if (team) {
            mn_team_share(team, CELLS, 1 + s % 5, compute_cells, &l);
        } else {
            compute_cells(&l, 0, 0, CELLS);
        }
    }
    uint32_t sum = 0;
    for (int32_t i = 0; i < CELLS; i++) sum = sum * 31 + l.cells[l.from][i];
    return sum;
}

typedef struct user {
    mn_thread thread;
    uint32_t random;
    int32_t wrong;
} user;

/* One of many: teams of any size, short steps, pauses in which members fall asleep. */
static void use_teams(void *argument) {
    user *self = argument;
    for (int32_t round = 0; round < 12; round++) {
        const int32_t threads = between(&self->random, 1, MOST);
        mn_team *team = NULL;
        if (threads > 1 && mn_team_create(threads, &team) != MN_OK) self->wrong++;
        for (int32_t i = 0; i < 8; i++) {
            const uint32_t seed = next_random(&self->random);
            const int32_t steps = between(&self->random, 1, 40);
            if (run_layers(team, seed, steps) != run_layers(NULL, seed, steps)) self->wrong++;
            if (i % 4 == 3) sleep_us(between(&self->random, 1, 300));
        }
        mn_team_close(&team);
    }
}

static void test_many_teams_at_once(void **state) {
    (void)state;
    if (!MN_HAS_THREADS) {
        print_message("SKIPPED: this system has no threads\n");
        return;
    }
    user users[TEAMS];
    for (uint32_t i = 0; i < TEAMS; i++) {
        users[i] = (user){.random = 77 + i};
        assert_null(mn_thread_start(&users[i].thread, use_teams, &users[i]));
    }
    for (int32_t i = 0; i < TEAMS; i++) mn_thread_join(&users[i].thread);
    for (int32_t i = 0; i < TEAMS; i++) assert_int_equal(users[i].wrong, 0);
}

/* ---- Places --------------------------------------------------------------------------------------------- */

typedef struct roll_call {
    int32_t present[MOST];
    int32_t threads;
    mn_team *inner; /* of the first place */
    uint32_t sum;
} roll_call;

static void sign(void *context, int32_t thread, int32_t threads) {
    roll_call *call = context;
    call->present[thread] += threads == call->threads ? 1 : 1000;
    if (thread == 0 && call->inner) call->sum = run_layers(call->inner, 9, 20);
}

/* Each place once, whoever takes it; and a place may use a team of its own. */
static void test_places(void **state) {
    (void)state;
    const uint32_t expected = run_layers(NULL, 9, 20);
    for (int32_t threads = 2; threads <= MOST; threads = threads * 3 - 1) {
        roll_call call = {.threads = threads, .inner = open_team(3)};
        mn_team *team = open_team(threads);
        for (int32_t round = 1; round <= 50; round++) {
            mn_team_run(team, sign, &call);
            for (int32_t i = 0; i < threads; i++) assert_int_equal(call.present[i], round);
            assert_int_equal(call.sum, expected);
            if (round % 10 == 0) sleep_us(500);
        }
        mn_team_close(&team);
        mn_team_close(&call.inner);
    }
}

typedef struct meeting {
    mn_mutex mutex;
    int32_t came, present, most; /* members that took a part; present now, and at most */
    bool seen[MOST];
} meeting;

/* Waits without a processor, so that every member that is called has time to come. */
static void attend(void *context, int32_t member, int32_t begin, int32_t end) {
    meeting *m = context;
    mn_mutex_lock(&m->mutex);
    if (!m->seen[member]) m->came++;
    m->seen[member] = true;
    if (++m->present > m->most) m->most = m->present;
    mn_mutex_unlock(&m->mutex);
    for (int32_t i = begin; i < end; i++) sleep_us(1000);
    mn_mutex_lock(&m->mutex);
    m->present--;
    mn_mutex_unlock(&m->mutex);
}

static void attend_place(void *context, int32_t thread, int32_t threads) {
    (void)threads;
    attend(context, thread, 0, 10);
}

/* As often as it has to be, on a machine with other work, to see what is meant a few times. */
enum { TRIES = 400, ENOUGH = 4 };

/* How many of some jobs, all begun while every member sleeps, get exactly `members` to come. */
static int32_t count_attended(mn_team *team, int32_t members, int32_t units) {
    int32_t right = 0;
    for (int32_t i = 0; i < TRIES && right < ENOUGH; i++) {
        meeting m = {.mutex = MN_MUTEX_INITIAL};
        sleep_us(20000);
        mn_team_share(team, units, 1, attend, &m);
        right += m.came == members;
    }
    return right;
}

/* The same for places, and for how many are taken at the same time. */
static int32_t count_together(mn_team *team, int32_t members) {
    int32_t right = 0;
    for (int32_t i = 0; i < TRIES && right < ENOUGH; i++) {
        meeting m = {.mutex = MN_MUTEX_INITIAL};
        sleep_us(20000);
        mn_team_run(team, attend_place, &m);
        right += m.most == members;
    }
    return right;
}

/* Sleepers are woken for free processors, and only for those. */
static void test_who_is_woken(void **state) {
    (void)state;
    const int32_t processors = mn_available_processors();
    for (int32_t extra = 0; extra <= 3; extra += 3) {
        const int32_t threads = mn_clamp_i32(processors + extra, 2, MOST);
        const int32_t expected = mn_min_i32(threads, processors);
        mn_team *team = open_team(threads);
        for (int32_t i = 0; i < extra; i++) mn_work_begin(); /* one thread, however often it says so */
        assert_int_equal(count_attended(team, expected, expected * 12), ENOUGH);
        for (int32_t i = 0; i < extra; i++) mn_work_end();
        mn_team_close(&team);
    }
}

typedef struct holder {
    mn_mutex mutex;
    mn_condition moved;
    int32_t holding;
    bool over;
} holder;

static void hold_processor(void *argument) {
    holder *h = argument;
    mn_work_begin();
    mn_mutex_lock(&h->mutex);
    h->holding++;
    mn_condition_broadcast(&h->moved);
    while (!h->over) mn_condition_wait(&h->moved, &h->mutex);
    mn_mutex_unlock(&h->mutex);
    mn_work_end();
}

/* With as many other threads at work as there are processors the caller computes alone; places still get everyone. */
static void test_crowded_process(void **state) {
    (void)state;
    if (!MN_HAS_THREADS) {
        print_message("SKIPPED: this system has no threads\n");
        return;
    }
    holder h = {.mutex = MN_MUTEX_INITIAL, .moved = MN_CONDITION_INITIAL};
    const int32_t processors = mn_available_processors();
    mn_thread threads[MN_MAX_THREADS];
    mn_team *team = open_team(4);
    for (int32_t i = 0; i < processors; i++) {
        assert_null(mn_thread_start(&threads[i], hold_processor, &h));
    }
    mn_mutex_lock(&h.mutex);
    while (h.holding < processors) mn_condition_wait(&h.moved, &h.mutex);
    mn_mutex_unlock(&h.mutex);
    assert_int_equal(count_attended(team, 1, 12), ENOUGH);
    assert_int_equal(count_together(team, 4), ENOUGH);
    mn_mutex_lock(&h.mutex);
    h.over = true;
    mn_condition_broadcast(&h.moved);
    mn_mutex_unlock(&h.mutex);
    for (int32_t i = 0; i < processors; i++) mn_thread_join(&threads[i]);
    assert_int_equal(count_attended(team, mn_min_i32(processors, 4), 60), ENOUGH);
    mn_team_close(&team);
}

/* Teams that end while their members start, spin or sleep. */
static void test_closing(void **state) {
    (void)state;
    uint32_t random = 5;
    for (int32_t round = 0; round < 200; round++) {
        mn_team *team = open_team(between(&random, 2, 20));
        if (round % 3 == 1) run_layers(team, 1, 3);
        if (round % 4 == 2) sleep_us(between(&random, 1, 400));
        mn_team_close(&team);
    }
    mn_team *none = NULL;
    mn_team_close(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unit_once),
        cmocka_unit_test(test_a_thousand_million_units),
        cmocka_unit_test(test_many_teams_at_once),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_who_is_woken),
        cmocka_unit_test(test_crowded_process),
        cmocka_unit_test(test_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
