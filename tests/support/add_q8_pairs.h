/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD of 8-bit tensors as one sum of two products (src/kernels/x86/add_q8.c): all 65,536 pairs of operands give what
 * the reference gives, for scales as in real models and for absurd ones, whether or not the short form was found. The
 * including file has run_all(). */
#ifndef MN_TESTS_ADD_Q8_PAIRS_H
#define MN_TESTS_ADD_Q8_PAIRS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "kernels/kernels.h"
#include "kernels/quant.h"
#include "kernels/x86/add_q8_form.h"

enum { VALUES = 256, PAIRS = VALUES * VALUES };

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (int32_t)((state >> 33) % ((uint64_t)((int64_t)high - low) + 1));
}

static float random_scale(int32_t least, int32_t most) {
    return ldexpf(1 + (float)random_between(0, 1 << 20) * 0x1p-20f, random_between(least, most));
}

static int32_t random_end(mn_range_i32 range) {
    switch (random_between(0, 4)) {
    case 0: return range.min;
    case 1: return range.max;
    default: return random_between(range.min, range.max);
    }
}

/* Scales between 2^least and 2^most, zero points and ranges of any kind. */
static mn_binary_params random_add(mn_type type, int32_t least, int32_t most) {
    const mn_range_i32 whole = mn_type_range(type);
    mn_binary_params p = {
        .dims = {1, 1, 1, 1, VALUES, VALUES}, .same_shape = true, .subtract = random_between(0, 3) == 0};
    for (int32_t i = 0; i < 2; i++) {
        p.stride[i][4] = VALUES, p.stride[i][5] = 1;
        p.in[i].zero = random_end(whole);
    }
    p.out.zero = random_end(whole);
    mn_quant_add(random_scale(least, most), random_scale(least, most), random_scale(least, most), &p);
    p.range = whole;
    if (random_between(0, 2) == 0) {
        const int32_t a = random_end(whole), b = random_end(whole);
        p.range = (mn_range_i32){mn_min_i32(a, b), mn_max_i32(a, b)};
    }
    return p;
}

/* What the kernels store for all pairs of stored bytes. */
static void run_all(const mn_binary_params *p, mn_type type, const mn_add_q8 *a, const uint8_t *first,
                    const uint8_t *second, uint8_t *out);

typedef struct counts {
    int32_t is_short, fixed_up;
} counts;

static void check_add(const mn_binary_params *p, mn_type type, counts *found) {
    static uint8_t x[PAIRS], y[PAIRS], got[PAIRS], wanted[PAIRS];
    for (int32_t i = 0; i < PAIRS; i++) x[i] = (uint8_t)(i / VALUES), y[i] = (uint8_t)(i % VALUES);
    const mn_task task = {.params = p, .inputs = (const void *const[]){x, y, NULL}, .output = wanted};
    (type == MN_INT8 ? mn_add_i8_ref : mn_add_u8_ref)(&task, 0, PAIRS);
    mn_add_q8 add;
    mn_add_q8_fill(p, type, &add);
    run_all(p, type, &add, x, y, got);
    for (int32_t i = 0; i < PAIRS; i++) {
        if (got[i] == wanted[i]) continue;
        fail_msg(
            "%s, %s: bytes %d and %d give %d, expected %d; range [%d, %d], zeros %d, %d, %d, multipliers %d, %d, %d, "
            "shifts %d, %d, %d",
            mn_type_name(type), add.is_short ? "short" : "exact", x[i], y[i], got[i], wanted[i], p->range.min,
            p->range.max, p->in[0].zero, p->in[1].zero, p->out.zero, p->in[0].multiplier, p->in[1].multiplier,
            p->out.multiplier, p->in[0].shift, p->in[1].shift, p->out.shift);
    }
    found->is_short += add.is_short;
    found->fixed_up += add.is_short && add.fixups > 0;
}

static counts check_many(int32_t rounds, int32_t least, int32_t most) {
    counts found = {0};
    for (int32_t checked = 0; checked < rounds;) {
        const mn_type type = checked % 2 ? MN_UINT8 : MN_INT8;
        const mn_binary_params p = random_add(type, least, most);
        if (!mn_add_operands_fit(&p)) continue;
        check_add(&p, type, &found);
        checked++;
    }
    print_message("%d of %d with scales from 2^%d to 2^%d have a short form, %d of these with fixups\n", found.is_short,
                  rounds, least, most + 1, found.fixed_up);
    return found;
}

static void test_usual_scales(void **unused) {
    (void)unused;
    assert_true(check_many(400, -6, -3).is_short > 300);
}

/* Few sums need fixups: looks for such. */
static void test_fixups(void **unused) {
    (void)unused;
    counts found = {0};
    for (int32_t i = 0; i < 100000 && found.fixed_up < 5; i++) {
        const mn_binary_params p = random_add(MN_INT8, -6, -3);
        mn_add_q8 add;
        if (!mn_add_operands_fit(&p)) continue;
        mn_add_q8_fill(&p, MN_INT8, &add);
        if (add.is_short && add.fixups > 0) check_add(&p, MN_INT8, &found);
    }
    assert_int_equal(found.fixed_up, 5);
}

static void test_absurd_scales(void **unused) {
    (void)unused;
    check_many(400, -24, 10);
}

/* For processors with `cpu`. */
static int check_pairs(uint32_t cpu) {
    if (!(mn_cpu_flags() & cpu)) {
        printf("SKIPPED: this processor has not got what these kernels need\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_scales),
        cmocka_unit_test(test_fixups),
        cmocka_unit_test(test_absurd_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
